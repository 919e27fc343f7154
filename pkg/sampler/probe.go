package sampler

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	declared "github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/series"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// probe makes one attempt after the other at one target. It is not safe for concurrent use.
type probe struct {
	target *target.Target
	source Credentials
	now    func() time.Time
	link   *link // nil when the next attempt has to dial
	// renewal is the last attempt to replace a link that goes on.
	renewal renewal
	parser  redisinfo.Parser
	// oneSection remembers a server that refused to be asked for several sections.
	oneSection bool
	// plan is what the object declares beyond INFO.
	plan *declared.Plan
	// own counts the commands of plan that the server executed.
	own declared.Calls
	// held is how long commands that nothing bounds are left out, and heldUntil the end of that.
	held      time.Duration
	heldUntil time.Time
}

func newProbe(t *target.Target, source Credentials) *probe {
	plan := t.Probes
	if plan == nil {
		plan = declared.Compile(nil)
	}
	return &probe{target: t, source: source, now: time.Now, plan: plan}
}

// attempt asks the server once. After an error the connection is closed.
// The error is an *Error.
func (p *probe) attempt(ctx context.Context) (series.Sample, error) {
	deadline := time.Now().Add(p.target.Timeout)
	newest, missing := p.newest(ctx, deadline)
	if p.link != nil {
		sample, err := p.ask(ctx, p.link, deadline, false)
		switch {
		case err == nil:
			sample.NotRenewed = p.renew(ctx, newest, missing, deadline)
			return sample, nil
		case !p.link.outlived(err, newest):
			return series.Sample{}, p.fail(err)
		}
		p.close()
	}
	if missing != nil {
		return series.Sample{}, p.fail(missing)
	}
	p.link = p.dial(newest)
	sample, err := p.ask(ctx, p.link, deadline, false)
	if err != nil {
		return series.Sample{}, p.fail(err)
	}
	return sample, nil
}

// fail ends an attempt that gave nothing.
func (p *probe) fail(err error) error {
	explained := classify(err)
	if p.link != nil {
		explained = p.link.explain(explained)
	}
	p.hold(explained.Reason)
	p.close()
	p.doubt(explained)
	return explained
}

// ask sends INFO, what the object declares, and a token, in one round trip.
// Commands that nothing bounds can be left out.
func (p *probe) ask(ctx context.Context, l *link, deadline time.Time, onlyBounded bool) (sample series.Sample, err error) {
	defer func() {
		if r := recover(); r != nil {
			// The guard keeps from go-redis what it is known to panic on. One target's
			// server must not end the sampling of the others by what is not known.
			err = &Error{Reason: Protocol, cause: fmt.Errorf("panic: %v", r)}
		}
	}()
	// go-redis heeds a deadline and not a cancellation: only closing ends a read.
	stop := context.AfterFunc(ctx, func() { _ = l.client.Close() })
	defer stop()
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	token := rand.Text()
	start := p.now()
	pipe := l.client.Pipeline()
	info := redis.NewStringCmd(ctx, append([]any{"info"}, l.wanted()...)...)
	_ = pipe.Process(ctx, info)
	sent := p.plan.Commands(onlyBounded || start.Before(p.heldUntil))
	probes := send(ctx, pipe, sent)
	echo := redis.NewStringCmd(ctx, "ping", token)
	_ = pipe.Process(ctx, echo)
	_, err = pipe.Exec(ctx)
	at := p.now()
	if err := firstOf(info.Err(), echo.Err(), ofWhole(err, probes)); err != nil {
		var reply redis.Error
		p.oneSection = p.oneSection || (l.sections != nil && errors.As(info.Err(), &reply))
		return series.Sample{}, err
	}
	if took(start, at) > p.target.Timeout {
		// Nothing tells when the server took its counters, if this process or
		// its machine stood still while the answer lay about.
		return series.Sample{}, &Error{Reason: Timeout, cause: errors.New("the answer was read too late")}
	}
	if echo.Val() != token {
		return series.Sample{}, &Error{Reason: Protocol, cause: errors.New("replies are out of step")}
	}
	parsed, err := p.parse(info.Val())
	if err != nil {
		return series.Sample{}, err
	}
	p.learn(l, parsed)
	sample = series.Sample{At: at, RoundTrip: at.Sub(start), Info: parsed, Own: p.own}
	sample.Probed = p.take(sent, probes, parsed)
	return sample, nil
}

// parse reads an INFO, and refuses that of a server that is loading its data.
func (p *probe) parse(text string) (*redisinfo.Info, error) {
	parsed, err := p.parser.Parse(text)
	if err != nil {
		return nil, &Error{Reason: Protocol, cause: err}
	}
	loading, err := parsed.Int("loading")
	if err != nil {
		return nil, &Error{Reason: Protocol, cause: err}
	}
	if loading != 0 {
		return nil, &Error{Reason: Loading}
	}
	return parsed, nil
}

// took is the time from one instant to another by the clock that says more: the
// monotonic clock stands still while a machine is suspended, the wall clock may be set.
func took(start, at time.Time) time.Duration {
	return max(at.Sub(start), at.Round(0).Sub(start.Round(0)))
}

// firstOf returns the first error: the one of INFO tells more than what follows from it.
func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// wanted are the arguments of INFO: everything, as long as the server is not
// known to take several sections.
func (l *link) wanted() []any {
	if l.sections == nil {
		return []any{"all"}
	}
	return l.sections
}

// learn notes what the server can do. INFO takes several sections from Redis 7.0 on.
// Source: https://redis.io/docs/latest/commands/info/, history.
func (p *probe) learn(l *link, info *redisinfo.Info) {
	if l.sections != nil || p.oneSection || p.plan.WantsAllInfo() {
		return
	}
	version, err := info.Text("redis_version")
	if err != nil {
		return
	}
	text, _, _ := strings.Cut(version, ".")
	if major, err := strconv.Atoi(text); err == nil && major >= 7 {
		l.sections = []any{"server", "clients", "memory", "persistence", "stats", "replication", "cpu", "commandstats", "latencystats", "errorstats", "keyspace"}
	}
}
