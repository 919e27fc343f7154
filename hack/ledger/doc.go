// Package ledger holds every answer of the adapter against the truth.
//
// A [Truth] is what is known of the servers behind an object: a [Load] writes down what it sent, when, and when the
// answer was there. A [Disturbance] is a fault that somebody injects, with what is expected of it. A [Poller] asks
// through the API server with the client of the HorizontalPodAutoscaler. The [Ledger] joins them: each answer is checked
// once what happened around it is known, and is counted in a [Tally].
//
// An answer states a value, an instant and a window, both of them in whole seconds: the sample was taken within the
// second that begins at the instant, and the window is off by half a second at most. A value is explained if one choice
// of instant and window within these bounds, and of the order in which a server executed what was under way, gives it:
//   - a level must be one that the server had at such an instant;
//   - a rate must lie between the fewest and the most requests that may have been executed in such a window. A tenth
//     is granted beyond, since a server takes its counters within the round trip and a rate is served while round trips
//     are up to a tenth of the window, and 10 requests/s, for what sentinels, a second replica of the adapter and the
//     injections themselves send;
//   - 0 is held against the truth with neither grant.
//
// Whatever the value, it must not be older than maxAge, nor from a time at which the server could not be sampled, nor
// from before the object, nor a rate over a restart. An error must be due to a disturbance or to the warm-up, must not
// come before what was known is too old where that may be served, must give a reason that the disturbance has, and must
// carry no address. After a disturbance all must be known again in the time that it states, and a rate a window later.
//
// Where this machine stood still, an error proves nothing: it is counted, and held against nothing but that it carries no
// address. A value is held against the truth all the same, but the adapter may hear of changes as much later; and where
// the fault is that lost connections lead to other servers, the truth of a value is not known.
//
// All times are of one machine. Instants that the adapter states are compared by the wall clock, all others by the
// monotonic one. Where a disturbance sets the adapter's wall clock, which states them, the ledger takes off by how much;
// about the steps themselves it may have been by one or the other, and either must explain the value.
//
// All methods are safe for concurrent use, but for those of Load and Poller that say otherwise. Nothing here fails but
// by a violation in the Tally: a server or an API that cannot be reached is what the ledger is about.
package ledger
