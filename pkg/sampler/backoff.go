package sampler

import "time"

// longestPause bounds the time between two attempts at a server that is away, where
// the interval is shorter.
const longestPause = time.Minute

// pause is the time from one attempt to the next, after attempts have failed for so
// long without one that succeeded. From the third failure on every other attempt is
// left out, so that a server that is away costs less than one that answers. Then
// the pause is a twentieth of the outage: what people wait for, that the server is
// seen again, is put off by no more than that.
func (s *schedule) pause(outage time.Duration) time.Duration {
	if outage < s.interval*3/2 {
		return s.interval
	}
	return max(2*s.interval, min(outage/20, longestPause))
}
