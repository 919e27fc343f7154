// Package traffic sends commands to a Redis at a known rate, and compares what the adapter serves with it.
//
// A [Driver] sends, and records in its [History] when how many commands had been answered. An [Audit] takes served
// numbers, each with the instant and the window that it states, and reports those that the history does not explain.
// [ReadTLS] reads the certificates of a program that sends from a pod.
//
// Run may be called once; SetRate, Rate and History may be called from any goroutine meanwhile. A History is safe for
// concurrent use, an Audit is not. Run fails when Redis does; what was recorded stays.
package traffic
