// Package traffic sends commands to a Redis at a known rate.
//
// A [Driver] sends, and reports to its caller how many commands were answered between which instants.
// [Options] returns the Redis options of a program in a pod.
//
// Call Run once. SetRate may be called from any goroutine meanwhile. Run fails if Redis does.
package traffic
