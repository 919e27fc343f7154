// Package sampler asks the servers of each target for INFO, on time, and records
// what they answer.
//
// Set and Remove say which targets exist. Samples and failures go into the history
// of the target, and a Listener is called after each attempt.
//
// # Scheduling
//
// The attempts of a target keep a fixed rhythm. Its phase is a hash of the target's
// ID, which spreads many targets over the interval. The timer queue starts a
// goroutine for each attempt, and each server of a target has a connection of its
// own, so nothing that the servers of one target do delays another. Targets that
// appear at once begin in turn, thousands a second. A rate is known an interval and
// a tenth after a target has appeared; Ready reports whether all rates are.
//
// The phase moves once the HorizontalPodAutoscaler controller asks (ObserveRequest).
// It asks every 15 s, which is three intervals by default, and would always see
// samples of the same age. Instead a sample ends shortly before it asks (lead). No
// extra sample is taken, and successive answers cover the time between them without
// a gap. If several autoscalers ask for metrics of one object, the first is followed.
//
// # Attempts
//
// An attempt records a sample only if it is beyond doubt: no server is loading its
// data, the replies are in step with the requests (a random token comes back after
// INFO), and all of it happened within the timeout. Otherwise the attempt fails with
// an *Error. Its text comes from the table in reasontexts.go and holds no address, no
// secret and nothing that a server said. After a failure the connection is closed,
// and the next attempt dials again. Before each dial, including those to sentinels
// and to servers that other servers name, Config.Egress judges the resolved address.
//
// # Scripts
//
// A script that is not answered in time may block its server for all clients. Its
// connection is watched on after the attempt, even if the target is gone. Once the
// server answers BUSY to others and that connection is still silent, this script is
// the one that runs: it is killed, and the target's scripts are off from then on.
//
// # Connections
//
// The connections to one IP address and port are bounded, for all targets and for
// each namespace, so that targets cannot keep a server from its own clients.
//
// # Topology
//
// Each attempt finds out again which servers a target has:
//   - the primary that sentinels name must say itself that it is one;
//   - the primaries of a cluster must agree who the primaries are, and together own
//     all slots; each must answer, unless the object allows partial answers;
//   - a replica that does not answer, or does not say that it replicates that
//     primary, is left out of the sample, which stands without it;
//   - no server counts twice, whatever addresses lead to it (see confirm).
//
// A node of a cluster also reports whether slots migrate atomically (see
// migrations). Node.Migrating passes that on.
//
// # Credentials
//
// Each attempt gets the newest credentials. Changed ones are tried on a second
// connection, after the current one has given its sample, and replace it once they
// have given a sample too. Until then samples say why (history.Sample.NotRenewed),
// and the new ones are tried again, at each attempt at first and every 30 s in the
// end. A lost connection is dialed with the newest credentials or not at all. With
// TLS, nothing is sent to a server before it has shown a valid certificate.
//
// A Manager is safe for concurrent use.
package sampler
