// Package history remembers the recent samples of each target and answers, for
// an instant, which of them may be served: the newest one, or the two that a
// rate is taken between.
//
// The sampler records samples and failures (Record, Fail). Readers get a Sample, a Span
// or an *UnknownError. Reading takes no lock and copies nothing, so a request never
// waits for the sampler.
//
// One set of rules decides what may be served:
//   - A sample is served until it is older than MaxAge. After that nothing is,
//     whatever was known before.
//   - A span joins two samples of the same processes whose counters nothing reset
//     in between: see sameProcess. The first sample after a restart, a failover,
//     CONFIG RESETSTAT or a change of the primaries of a cluster starts over, and
//     earlier samples are forgotten. Replicas do not count by themselves (see
//     Counted): one that comes, goes or restarts starts over alone.
//   - A span is at most Window and half an Interval long, and at least ten times
//     the round trips at its ends, within which the server took its counters.
//   - This machine's monotonic clock measures the time between samples. Where the
//     wall clock disagrees, the machine was suspended or its clock was set: no span
//     reaches across that, and the larger of the two is the age.
//
// A Store and a History are safe for concurrent use. Samples of one History must
// be recorded in order.
package history
