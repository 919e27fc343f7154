// Package app is the program redis-metrics-adapter: it parses and checks flags, wires
// the packages together, runs them until a signal, and stops them in order.
//
// It is the only place that sees all packages. Arguments flow in, and the exit code of
// Main is that of the program. Errors name the flag to change.
package app
