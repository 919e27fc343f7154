// Package verifier holds every answer of the adapter against the truth.
//
// A [Truth] is what is known of the servers behind an object: a [Load] counts each [Event] that it sent, when, and when
// the answer was there, and notes levels; [IdleClients] are connections that stay. An [Expectation] is a row of a table: a
// metric with a selector, the topologies that have it, and the [Bounds] of its truth within a [Window]. A [FaultWindow] is
// a fault that somebody injects, with what is expected of it. A [Poller] asks for each row by its name, and for all objects
// at once; the [API] is asked through the API server with the client of the HorizontalPodAutoscaler. The [Verifier] joins
// them: each answer is checked once what happened around it is known, and is counted in a [Report].
//
// An answer states a value, an instant and a window, both of them in whole seconds: the sample was taken within the
// second that begins at the instant, and the window is off by half a second at most. A value is explained if one choice
// of instant and window within these bounds, and of the order in which a server executed what was under way, gives it:
//   - a level must be one that the server had at such an instant, or within the window where one is stated;
//   - a rate must lie between the fewest and the most events that there may have been in such a window. A tenth is
//     granted beyond, since a server takes its counters within the round trip and a rate is served while round trips are
//     up to a tenth of the window. Of requests 10/s more are granted for what Sentinels and the injections send, and
//     what a second replica of the adapter reads for the metrics that objects declare, which the first one counts;
//   - 0 is held against the truth with neither grant;
//   - what is always unknown, such as a quotient by 0, must always be an error.
//
// Where a number depends on who else is connected, or on the state of replication, its row is Calm: it is asked all the
// time, and checked where no fault is felt.
//
// Whatever the value, it must not be older than maxAge, nor from a time at which the server could not be sampled, nor
// from before the object, nor a rate over a restart. An error must be due to a fault window or to the warm-up, must not
// come before what was known is too old where that may be served, must give a reason that the fault window has, and must
// carry no address. After a fault window all must be known again in the time that it states, and a rate a window later.
//
// Where this machine stood still, an error proves nothing: it is counted, and held against nothing but that it carries no
// address. A value is held against the truth all the same, but the adapter may hear of changes as much later; and where
// the fault is that lost connections lead to other servers, the truth of a value is not known.
//
// All times are of one machine. Instants that the adapter states are compared by the wall clock, all others by the
// monotonic one. Where a fault window sets the adapter's wall clock, which states them, the verifier takes off by how much;
// about the steps themselves it may have been by one or the other, and either must explain the value.
//
// All methods are safe for concurrent use, but for those of Load and Poller that say otherwise. Nothing here fails but
// by a violation in the Report: a server or an API that cannot be reached is what the verifier is about.
package verifier
