//go:build !linux

package app

// unmapProgram does nothing on other systems.
func unmapProgram() error { return nil }
