// Package app is the program redis-metrics-adapter: it parses flags, checks
// them, wires the rooms of the house together, runs them until a signal, and
// stops them in order.
//
// It is the only place that sees all rooms. Arguments flow in; the exit of Main
// is the exit of the program. Errors name the flag to mend.
package app
