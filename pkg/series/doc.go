// Package series remembers the recent samples of each target and answers, for
// an instant, which of them may be served: the newest one, or the two that a
// rate is taken between.
//
// Samples and failures flow in from the sampler (Record, Fail); a Sample, a
// Span or an *UnknownError flows out, and a Likeness for those who describe the nodes. Reading takes no lock and copies nothing,
// so that the request path never waits for a sampler.
//
// The rule by which a value may be served stands here, in one place:
//   - A sample is served until it is older than MaxAge. After that nothing is,
//     whatever was known before.
//   - A span joins two samples of the same processes, with no reset of their
//     counters between: see sameProcess. The first sample after a restart, a
//     failover, CONFIG RESETSTAT or a change of the primaries of a cluster begins
//     again, and what came before is forgotten. Replicas do not count by themselves
//     (see Counted): one that comes, goes or restarts begins again alone.
//   - A span is no longer than Window and half an Interval, and no shorter than
//     ten times the round trips at its ends, within which the server took its counters.
//   - Time between samples is measured by this machine's monotonic clock. Where
//     the wall clock disagrees, the machine was suspended or its clock was set:
//     a span does not reach over that, and age counts by the larger of the two.
//
// A Store and a Series are safe for concurrent use; samples of one Series must
// be recorded in order.
package series
