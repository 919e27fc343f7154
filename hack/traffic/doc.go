// Package traffic sends commands to a Redis at a known rate.
//
// A [Driver] sends, and tells its caller how many commands were answered between which instants. [Options]
// tells how a program in a pod reaches its Redis.
//
// Run may be called once; SetRate may be called from any goroutine meanwhile. Run fails when Redis does.
package traffic
