//go:build !linux

package verifier

// processors returns a function for each place to look from, which is any processor here.
func processors() []func() { return []func(){func() {}} }
