// Package sampler asks the servers of each target for INFO, on time, and delivers
// what they answered.
//
// Targets flow in (Set, Remove); samples and failures flow out into the
// target's series, and a Listener hears of each attempt. An attempt has a goroutine
// to itself, from a worker of the timer queue, and a target one go-redis client with one
// connection to each of its servers, so that nothing that one target's servers do
// delays another. Attempts keep to a fixed rhythm with a phase taken from a hash of
// the target's ID, so that those of many targets spread over the interval. Targets
// that appear at once begin in turn, thousands in a second, which no server can
// delay. A rate is known an interval and a tenth after a target has appeared; Warm
// reports whether it is of all.
//
// The phase moves once the HorizontalPodAutoscaler's controller asks (Asked): it
// comes again each 15 s, three intervals as a rule, and would be told what is up to
// an interval old, always the same part of it. Instead a sample ends shortly before
// it asks (lead), of which none is taken more, and successive answers cover the time
// between them without a gap. Of several autoscalers that ask for one object's
// metrics the first is followed.
//
// An attempt delivers a sample only if it is beyond doubt: no server is loading
// its data, the replies are in step with the requests (a random token comes back
// after INFO), and all of it happened within the timeout. Otherwise it delivers
// an *Error with one of a few reasons, whose text is made here and holds nothing
// that a server said, no address and no secret. After a failure the connection is
// closed and the next attempt dials again. Every dial, to a sentinel and to whatever
// a server names as well, asks Config.Egress first, about the address that the name
// was resolved to.
//
// Which servers a target has is found out again in each attempt (see topology):
//   - the primary that sentinels name must say itself that it is one;
//   - the primaries of a cluster must all see the same primaries, and own all
//     slots between them; each of them must answer, unless the object says that a
//     part is enough;
//   - a replica that does not answer, or does not say that it is one of that
//     primary, leaves the sample as it is but for itself;
//   - no server counts twice, whatever addresses lead to it (see confirm).
//
// A node of a cluster also reports whether slots migrate atomically (see
// migrations), and Node.Migrating hands that on.
//
// Credentials come from outside, for each attempt again. Newer ones are tried by a
// second connection, after the one that goes on has given its sample; that one is
// closed once the new one has given a sample too. Until then samples say why
// (history.Sample.NotRenewed), and it is tried again, at each attempt at first and
// each 30 s in the end. A connection that is lost is dialed with the newest
// credentials or not at all. Under TLS a server is told nothing before it has shown
// a valid certificate.
//
// A Manager is safe for concurrent use.
package sampler
