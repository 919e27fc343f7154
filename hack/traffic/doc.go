// Package traffic sends commands to a Redis at a known rate.
//
// A [Driver] sends, and tells its caller how many commands were answered between which instants. [ReadTLS] reads the
// certificates of a program that sends from a pod.
//
// Run may be called once; SetRate may be called from any goroutine meanwhile. Run fails when Redis does.
package traffic
