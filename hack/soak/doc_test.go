// Package soak runs the matrix of faults against the real adapter on a real
// control plane with the stock HorizontalPodAutoscaler, and holds all that is
// served against what was truly sent.
//
// Each object of the run has a lane, in which the faults that can affect it come
// one after the other in an order that a seed gives; the lanes run side by side.
// After them come the faults of the control plane and the adapter, alone. Without
// -duration each fault comes once, else rounds follow each other until it is over:
//
//	make soak DURATION=1h
//
// A round takes servers of two programs in turn: the oldest that there is, and one
// of another kind that moves slots atomically. The flag -server names others, such
// as valkey-9.1, and -server=each takes all of them one after the other:
//
//	make soak DURATION=20m ARGS=-server=each
//
// [TestServers] holds each program against the same expectations without a control
// plane: the adapter's packages that sample and answer run in the process of the test.
//
// After each repair an object's backlog grows by one replica's share of jobs. The
// autoscaler must follow within two looks of the time by which all must be known
// again, and must never go below what the truth demands. Where the machine itself
// stood still, and that excuses what was late or an error, it proves nothing: the
// fault comes again, a few times at most. A value is held against the truth always.
package soak
