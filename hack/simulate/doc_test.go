// Package simulate compares pkg/hpa with the HPA controller of a local control
// plane: 60 random HPAs at once, each on a StatefulSet of its own, whose pods kwok
// makes ready.
//
// The test serves the metrics itself, so that it knows each value, and learns from
// the requests when the controller syncs. With the first request of a sync it reads
// the HPA, the scale and the pods: that is what the sync before has decided, and
// what this one sees.
//
// Two things are not exact here, and are in hack/hpa, where the clock is the test's:
// the controller reads its clock some milliseconds after its last request, so
// windows and periods end between two syncs; and a workload may change while a sync
// reads it. A decision that differs at such a moment ends the comparison of its HPA
// without a verdict. The test bounds how many do.
//
// Beside that, it simulates a load that a real Prometheus holds.
package simulate
