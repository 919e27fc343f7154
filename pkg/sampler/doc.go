// Package sampler owns when a target is sampled. Set and Remove say which targets exist;
// samples and failures go into the history of the target, and a Listener is called after
// each attempt. Whom an attempt asks is for package topology, what for package poller,
// and how for package connection.
//
// The attempts of a target keep a fixed rhythm. Its phase is a hash of the target's
// ID, which spreads many targets over the interval. Each attempt has a goroutine of its
// own and each server of a target a connection of its own, so nothing that the servers
// of one target do delays another. Targets that appear at once begin in turn, thousands
// a second. A rate is known an interval and a tenth after a target has appeared, one of the
// keys of a replica later; Ready reports whether all others are.
//
// The phase moves once the HorizontalPodAutoscaler controller asks (ObserveRequest).
// It asks every 15 s, which is three intervals by default, and would always see
// samples of the same age. Instead a sample ends shortly before it asks (leadTime). No
// extra sample is taken, and successive responses cover the time between them without
// a gap. If several autoscalers ask for metrics of one object, the first is followed.
//
// A server that does not answer is asked less often (backoff.go). An attempt that fails
// ends with a *reason.Error, which holds no address and nothing that a server said.
//
// A Manager is safe for concurrent use.
package sampler
