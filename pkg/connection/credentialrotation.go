package connection

import (
	"context"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/credentials"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
)

// lastRenewal is the longest time between two attempts to renew a connection.
const lastRenewal = 30 * time.Second

// renewal is an attempt to replace a link that is still in use.
type renewal struct {
	with  *credentials.Credentials
	err   *reason.Error
	wait  time.Duration
	again time.Time
}

// renew replaces the link, which was used just now, if there are newer credentials.
func (s *Server) renew(ctx context.Context, newest *credentials.Credentials, missing error, trial Operation) error {
	if missing != nil {
		err := reason.Classify(missing)
		s.reportRejected(err)
		return err
	}
	if newest == s.link.with {
		s.renewal = renewal{}
		return nil
	}
	if newest != s.renewal.with {
		s.renewal = renewal{with: newest}
	}
	if s.now().Before(s.renewal.again) {
		return s.renewal.err
	}
	next := s.dial(newest)
	if err := s.over(ctx, next, trial); err != nil {
		s.renewal.err = next.explain(reason.Classify(err))
		next.close()
		s.renewal.wait = min(max(s.target.Interval, 2*s.renewal.wait), max(s.target.Interval, lastRenewal))
		s.renewal.again = s.now().Add(s.renewal.wait)
		s.reportRejected(s.renewal.err)
		return s.renewal.err
	}
	s.link.close()
	s.link, s.renewal = next, renewal{}
	return nil
}
