// Package sampler owns when a target is sampled. Set and Remove say which targets exist;
// samples and failures go into the history of the target, and a Listener is called after
// each attempt. Package topology decides which servers an attempt asks, package poller
// what it asks them, and package connection how it reaches them.
//
// The attempts at a target keep a fixed rhythm. Its phase is a hash of the target's ID,
// which spreads many targets over the interval. Each attempt has its own goroutine and each
// server of a target its own connection, so nothing that the servers of one target do
// delays another. Targets that appear at once begin in turn, thousands a second. Rates are
// known 1.1 intervals after a target appears, except those over the keys of a replica,
// which take longer. Ready reports whether all but these are known.
//
// The phase moves once the HorizontalPodAutoscaler controller asks (ObserveRequest). It
// asks every 15 s, which is three intervals by default, and would always see samples of
// the same age. So a sample is timed to end shortly before it asks (leadTime). No extra
// sample is taken, and successive responses cover the time between them without a gap.
// If several autoscalers ask for metrics of one object, the sampler follows the first.
//
// A server that does not answer is asked less often (backoff.go). An attempt that fails
// ends with a *reason.Error, which holds no address and nothing that a server said.
//
// A Manager is safe for concurrent use.
package sampler
