// Package sampler asks each target's Redis for INFO, on time, and delivers what
// it answered.
//
// Targets flow in (Set, Remove); samples and failures flow out into the
// target's series, and a Listener hears of each attempt. One goroutine and one
// go-redis client with one connection belong to each target, so that nothing
// that one server does delays another. Attempts keep to a fixed rhythm with a
// phase taken from a hash of the target's ID, so that those of many targets
// spread over the interval.
//
// An attempt delivers a sample only if it is beyond doubt: the server is not
// loading its data, the replies are in step with the requests (a random token
// comes back after INFO), and all of it happened within the timeout. Otherwise
// it delivers an *Error with one of a few reasons, whose text is made here and
// holds nothing that the server said, no address and no secret. After a failed
// attempt the connection is closed and the next attempt dials anew.
//
// Credentials come from outside, for each attempt anew. Newer ones are tried by a
// second connection, after the one that goes on has given its sample; that one is
// closed once the new one has given a sample too. Until then samples say why
// (series.Sample.NotRenewed), and it is tried again, at each attempt at first and
// each 30 s in the end. A connection that is lost is dialed with the newest
// credentials or not at all. Under TLS a server is told nothing before it has shown
// a valid certificate.
//
// A Manager is safe for concurrent use.
package sampler
