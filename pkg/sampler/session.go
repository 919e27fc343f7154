package sampler

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/time/rate"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/credentials"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/egress"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// Credentials tells by what to authenticate at the servers of a target, or at its
// sentinels. *credentials.Keeper implements it.
type Credentials interface {
	// Get returns the newest ones, the same pointer as long as they are the same.
	Get(ctx context.Context, t *target.Target, of target.Party) (*credentials.Credentials, error)
	// ReportRejected says that the newest ones did not work.
	ReportRejected(t *target.Target, of target.Party)
}

// deps are what servers are reached by.
type deps struct {
	// sampling ends when the target is sampled no more, and with it every attempt under way.
	sampling    context.Context
	egress      *egress.Policy
	credentials Credentials
	// dials bounds how often the target's namespace dials.
	dials *rate.Limiter
	// connections bounds how many connections one server has.
	connections *connectionLimit
	// scripts says whether the target's scripts are still asked, and killers end those that do not end.
	scripts *scripts
	killers *killers
	*pools
}

// pools are memory that all targets share.
type pools struct {
	bursts  *readBuffers
	replies *replyBuffers
	// keep reports whether samples hold on to a field of INFO, and schemas are of answers without the others.
	keep    func(field string) bool
	schemas *redisinfo.Schemas
}

func newPools(reads func(field string) bool) *pools {
	keep := func(field string) bool { return kept(field) || reads(field) }
	return &pools{newReadBuffers(), newReplyBuffers(), keep, redisinfo.NewSchemas(keep)}
}

// session is the connection to one server, over all that replaces it. It is not
// safe for concurrent use.
type session struct {
	deps
	target   *target.Target
	party    target.Party
	address  string
	database int
	now      func() time.Time
	link     *link // nil when the next attempt has to dial
	// renewal is the last attempt to replace a link that goes on.
	renewal renewal
	// met reports whether there was a connection in the last attempt.
	met bool
}

// operation asks a server over a link.
type operation func(ctx context.Context, l *link) error

// do asks the server, over a connection that it dials if there is none. If there
// are newer credentials, the connection is replaced by one over which trial
// succeeds; until there is one, the link goes on, and do returns why as notRenewed.
// After a failure the connection is closed. The deadline of ctx bounds all of it.
func (s *session) do(ctx context.Context, ask, trial operation) (failure *reason.Error, notRenewed error) {
	newest, missing := s.credentials.Get(ctx, s.target, s.party)
	if s.link != nil {
		err := s.over(ctx, s.link, ask)
		switch {
		case err == nil:
			return nil, s.renew(ctx, newest, missing, trial)
		case !s.link.usesOldCredentials(err, newest):
			return s.fail(err), nil
		}
		s.close()
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

// over asks over a link.
func (s *session) over(ctx context.Context, l *link, ask operation) (err error) {
	defer func() {
		if r := recover(); r != nil {
			// The guard keeps from go-redis what it is known to panic on. One target's
			// server must not end the sampling of the others by what is not known.
			err = &reason.Error{Reason: reason.Protocol, Cause: fmt.Errorf("panic: %v", r)}
		}
	}()
	return ask(ctx, l)
}

// fail ends an attempt that gave nothing.
func (s *session) fail(err error) *reason.Error {
	explained := reason.Classify(err)
	s.met = s.link != nil && s.link.conn.Load() != nil
	if s.link != nil {
		explained = s.link.explain(explained)
	}
	s.close()
	s.reportRejected(explained)
	return explained
}

// reportRejected has credentials that did not work read again.
func (s *session) reportRejected(err *reason.Error) {
	if err.OfCredentials() {
		s.credentials.ReportRejected(s.target, s.party)
	}
}

func (s *session) close() {
	if s.link != nil {
		s.link.close()
		s.link = nil
	}
}
