// Package verifier compares every answer of the adapter with the truth.
//
// A [Truth] is what is known about the servers behind an object. A [Load] records each [Event] that it sent, with the
// instants of its request and its reply, and the levels that it set. [IdleClients] are connections that stay. An
// [Expectation] is a row of a table: a metric with a selector, the topologies that have it, and the [Bounds] of its
// true value within a [Window]. A [FaultWindow] is a fault that a test injects, with what is expected of the adapter
// meanwhile. A [Poller] requests each row by name, and all objects at once. [API] requests through the API server with
// the client of the HorizontalPodAutoscaler. The [Verifier] combines them: it checks each answer once what happened
// around it is known, and counts it in a [Report]. Callers with their own load record in the Truth what was answered,
// and give the Verifier answers from [Ask] or elsewhere. [Background], [Paced] and [Sleep] run all this concurrently,
// until a context ends.
//
// An answer states a value, an instant and a window, the latter two in whole seconds: the sample was taken within the
// second that begins at the instant, and the window is off by half a second at most. A value is explained if some instant
// and window within these bounds, and some order in which a server executed the requests under way, give it:
//   - A level must be one that the server had at such an instant, or within the window if one is stated.
//   - A rate must lie between the fewest and the most events possible in such a window. A tenth is allowed beyond, since a
//     server reads its counters within the round trip, and a rate is served while round trips are up to a tenth of the
//     window. For requests, 10/s more are allowed for what Sentinels and the injections send, and for what a second
//     replica of the adapter reads for declared metrics, which the first one counts.
//   - Where nobody but one load sends requests, as a [SoleLoad], a twentieth is allowed beyond instead, and no more.
//   - 0 is compared without any of these allowances.
//   - What is always unknown, such as a quotient by 0, must always be an error.
//
// The row of a number that depends on other clients, or on the state of replication, is Calm: it is always requested,
// but checked only while no fault has an effect.
//
// No value may be older than maxAge, or from a time at which the server could not be sampled, or from before the object
// existed; no rate may span a restart. An error must be due to a fault window or the warm-up, must not come before the
// last value is too old if that may be served, must give a reason that the fault window allows, and must contain no
// address. After a fault window everything must be known again in the time that it states, and a rate a window later.
//
// An answer of a replica of the adapter that was asked directly is part of that replica's history. The instants that it
// states for a question never go back, unless its clock was set. Two replicas that are asked at about the same time
// differ by no more than one truth explains, with each allowance granted once. A replica learns of an acknowledged
// change to an object within a second, or within two minutes if a fault window keeps it from learning. After that, it
// serves no value of the earlier spec, nor of a deleted object. If an object's spec holds the number of its [Revision],
// each value identifies its spec.
//
// If this machine stood still, an error proves nothing: it is counted, and only checked for addresses. A value is still
// compared, but the adapter may learn of changes that much later. If lost connections lead to other servers during the
// fault, the true value is unknown.
//
// All times are of one machine. Instants that the adapter states are compared by the wall clock, all others by the
// monotonic clock. If a fault window sets the adapter's wall clock, the verifier subtracts the offset; around the step
// itself, either clock may explain the value.
//
// All methods are safe for concurrent use, except those of Load and Poller that say otherwise. The only failure is a
// violation in the Report. Servers and APIs that cannot be reached are expected.
package verifier
