// Package soak runs the matrix of faults against the real adapter on a real
// control plane with the stock HorizontalPodAutoscaler, and holds all that is
// served against what was truly sent.
//
// Each object of the run has a lane, in which the faults that can befall it come
// one after the other in an order that a seed gives; the lanes run side by side.
// After them come the faults of the control plane and the adapter, alone. Without
// -duration each fault comes once, else rounds follow each other until it is over:
//
//	make soak DURATION=1h
//
// After each repair an object's backlog grows by one replica's share of jobs. The
// autoscaler must follow within two looks of the time by which all must be known
// again, and must never go below what the truth demands. Where the machine itself
// stood still meanwhile, the fault comes again, a few times at most: what was late
// or an error proves nothing then, while a value is still held against the truth.
package soak
