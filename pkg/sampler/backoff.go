package sampler

import "time"

// longestPause bounds the time between two attempts at an unreachable server, unless
// the interval is longer.
const longestPause = time.Minute

// pause returns the time from one attempt to the next, after an outage of some length.
// After a few failures every other attempt is skipped, so an unreachable server costs
// less than one that answers. In a long outage the pause is a twentieth of it, so
// recovery is noticed at most that much later.
func (s *schedule) pause(outage time.Duration) time.Duration {
	if outage < s.interval*3/2 {
		return s.interval
	}
	return max(2*s.interval, min(outage/20, longestPause))
}
