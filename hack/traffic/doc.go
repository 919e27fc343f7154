// Package traffic sends commands to a Redis at a known rate and holds what the adapter serves against them.
//
// A [Driver] sends and writes down in its [History] how many commands had been answered when. An [Audit] takes served
// numbers, each with the instant and the window that it states, and says which of them no history explains. [ReadTLS]
// reads the certificates of a program that sends from a pod.
//
// Run may be called once; SetRate, Rate and History may be called from any goroutine meanwhile. A History is safe for
// concurrent use, an Audit is not. Run fails when Redis does; what was sent until then stays known.
package traffic
