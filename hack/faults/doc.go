// Package faults is the table of faults: each [Fault] says how it is injected and repaired, and what the adapter must
// serve meanwhile and afterwards. The table in deploy/docs/faults.md is generated from it.
//
// A [Subject] is an object with the real parts behind it: redis-server processes, a network proxy, a Secret, the
// control plane and the adapter. [Fault.Run] injects the fault, holds it, repairs it and waits until all parts have
// recovered. It reports each of these instants to the verifier, which checks what is served. [Fault.Inject] needs no
// verifier, and runs the caller's function while the fault lasts.
//
// Faults of different objects may run concurrently. Faults of the scope Plane affect all objects and run alone.
// A fault changes the clock and the host names of the adapter only, never of the machine. Package launcher must have
// started that adapter.
//
// A Fault is immutable. A Subject is used by one goroutine. Run and Inject fail if a part cannot be broken or repaired,
// which says nothing about the adapter.
package faults
