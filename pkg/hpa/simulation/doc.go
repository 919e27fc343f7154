// Package simulation simulates HPAs on a recorded load: what would the controller have
// done?
//
// A [Load] of values and an HPA go into [Run], and a [Result] comes out: the decision
// of each sync, and a [Summary]. [Vary] makes several HPAs from one, to compare them.
// [Write] and [WriteJSON] print results. Package hpa makes the decisions.
//
// The load does not react to the number of replicas. The workload creates and removes
// pods at once, the newest first, and each pod becomes ready after the same time.
//
// Functions and values share no state, and are safe for concurrent use. Errors name
// the line of a load or the field of a spec, and say what to write instead.
package simulation
