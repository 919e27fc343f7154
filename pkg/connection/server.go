package connection

import (
	"context"
	"fmt"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// Server is a server that is reached over one connection after the other.
type Server struct {
	*Group
	party   target.Party
	address string
	now     func() time.Time
	link    *Link // nil if the next attempt has to dial
	// renewal is the last attempt to replace a link that is still in use.
	renewal renewal
	// connected reports whether the last failed attempt had a connection.
	connected bool
}

// Operation sends requests to a server over a link.
type Operation func(ctx context.Context, l *Link) error

// Connected reports whether the last failed attempt had a connection.
func (s *Server) Connected() bool { return s.connected }

// Do calls ask with a link, and dials if there is none. If there are newer credentials,
// a link over which trial succeeds replaces the current one. Until then the current one
// stays in use, and Do returns why as notRenewed. After a failure the connection is
// closed. The deadline of ctx bounds all of it.
func (s *Server) Do(ctx context.Context, ask, trial Operation) (failure *reason.Error, notRenewed error) {
	newest, missing := s.credentials.Get(ctx, s.target, s.party)
	if s.link != nil {
		err := s.over(ctx, s.link, ask)
		switch {
		case err == nil:
			return nil, s.renew(ctx, newest, missing, trial)
		case !s.link.usesOldCredentials(err, newest):
			return s.fail(err), nil
		}
		s.Close()
	}
	if missing != nil {
		return s.fail(missing), nil
	}
	s.link = s.dial(newest)
	if err := s.over(ctx, s.link, ask); err != nil {
		return s.fail(err), nil
	}
	return nil, nil
}

// over calls ask with a link.
func (s *Server) over(ctx context.Context, l *Link, ask Operation) (err error) {
	defer func() {
		if r := recover(); r != nil {
			// replyLimit withholds from go-redis what is known to make it panic. What
			// is not known must not let one target's server end the sampling of others.
			err = &reason.Error{Reason: reason.Protocol, Cause: fmt.Errorf("panic: %v", r)}
		}
	}()
	return ask(ctx, l)
}

// fail ends a failed attempt.
func (s *Server) fail(err error) *reason.Error {
	failure := reason.Classify(err)
	s.connected = s.link != nil && s.link.conn.Load() != nil
	if s.link != nil {
		failure = s.link.explain(failure)
	}
	s.Close()
	s.reportRejected(failure)
	return failure
}

// reportRejected makes credentials that did not work be read again.
func (s *Server) reportRejected(err *reason.Error) {
	if err.OfCredentials() {
		s.credentials.ReportRejected(s.target, s.party)
	}
}

// Close closes the connection. The next attempt dials again.
func (s *Server) Close() {
	if s.link != nil {
		s.link.close()
		s.link = nil
	}
}
