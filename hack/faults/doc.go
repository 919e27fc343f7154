// Package faults is the matrix of what goes wrong: one [Fault] for each row, with how it is injected and repaired, and
// what is expected of the adapter meanwhile and afterwards. The table of deploy/docs/faults.md is written from it.
//
// A [Subject] flows in: an object and the real parts that stand behind it, redis-server processes, a proxy in the
// network, a Secret, the control plane and the adapter. [Fault.Run] injects the fault, holds it, repairs it and waits
// until the parts are as they were, and tells the verifier of each of these instants. What is served meanwhile is the
// verifier's business. [Fault.Inject] does the same without a verifier, and runs the caller's function meanwhile.
//
// A row that affects one object may run beside rows of others. Those of the scope Plane affect all objects and run alone.
// Nothing of the machine is changed: a clock that is set, or a name that gets another address, is the adapter's own, and
// takes one that package launcher started.
//
// A Fault is immutable. A Subject is used by one goroutine. Run fails when a part cannot be broken or repaired, which says
// nothing about the adapter.
package faults
