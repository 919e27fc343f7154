package sampler

import (
	"context"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/credentials"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// lastRenewal is the longest time from one attempt to renew a connection to the next.
const lastRenewal = 30 * time.Second

// Credentials tells by what to authenticate at a target. *credentials.Keeper implements it.
type Credentials interface {
	// Get returns the newest ones, the same pointer as long as they are the same.
	Get(ctx context.Context, t *target.Target) (*credentials.Credentials, error)
	// Doubt says that the newest ones did not work.
	Doubt(t *target.Target)
}

// renewal is an attempt to replace a link that goes on, and what became of it.
type renewal struct {
	with  *credentials.Credentials
	err   *Error
	wait  time.Duration
	again time.Time
}

func (p *probe) newest(ctx context.Context, deadline time.Time) (*credentials.Credentials, error) {
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	return p.source.Get(ctx, p.target)
}

// renew replaces the link, which has just given a sample, if there are newer
// credentials: by one that has given a sample as well. Until there is one, the
// link goes on, and renew returns why.
func (p *probe) renew(ctx context.Context, newest *credentials.Credentials, missing error, deadline time.Time) error {
	if missing != nil {
		err := classify(missing)
		p.doubt(err)
		return err
	}
	if newest == p.link.with {
		p.renewal = renewal{}
		return nil
	}
	if newest != p.renewal.with {
		p.renewal = renewal{with: newest}
	}
	if p.now().Before(p.renewal.again) {
		return p.renewal.err
	}
	next := p.dial(newest)
	if _, err := p.ask(ctx, next, deadline, true); err != nil {
		p.renewal.err = next.explain(classify(err))
		next.close()
		p.renewal.wait = min(max(p.target.Interval, 2*p.renewal.wait), max(p.target.Interval, lastRenewal))
		p.renewal.again = p.now().Add(p.renewal.wait)
		p.doubt(p.renewal.err)
		return p.renewal.err
	}
	p.link.close()
	p.link, p.renewal = next, renewal{}
	return nil
}

// doubt has credentials that did not work read again.
func (p *probe) doubt(err *Error) {
	if err.OfCredentials() {
		p.source.Doubt(p.target)
	}
}
