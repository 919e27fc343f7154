package connection

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/credentials"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/samplertest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

const host = "127.0.0.1"

// one is a server that is asked for INFO by hand.
type one struct {
	t      *testing.T
	target *target.Target
	server *Server
}

// with is the server at an address by credentials that the test may change.
func with(t *testing.T, addr string, c *credentials.Credentials) (*one, *samplertest.Credentials) {
	t.Helper()
	source := &samplertest.Credentials{Newest: c}
	dialer := NewDialer(t.Context(), samplertest.Local(t), source)
	t.Cleanup(dialer.Wait)
	tgt := samplertest.TargetAt("one", addr)
	o := &one{t: t, target: tgt, server: dialer.Group(t.Context(), tgt).Server(target.Servers, addr)}
	t.Cleanup(o.server.Close)
	return o, source
}

// info makes an attempt, and returns what the server said and why its connection is not the newest.
func (o *one) info(ctx context.Context) (info string, notRenewed, err error) {
	ctx, cancel := context.WithTimeout(ctx, o.target.Timeout)
	defer cancel()
	ask := func(ctx context.Context, l *Link) error {
		reply := redis.NewStringCmd(ctx, "info")
		_ = l.Pipe.Process(ctx, reply)
		echo := l.Echo(ctx)
		if _, err := l.Pipe.Exec(ctx); err != nil {
			return err
		}
		info = reply.Val()
		return l.InStep(echo)
	}
	failure, notRenewed := o.server.Do(ctx, ask, ask)
	if failure != nil {
		return "", nil, failure
	}
	return info, notRenewed, nil
}

// attempt makes an attempt.
func (o *one) attempt(ctx context.Context) (string, error) {
	info, _, err := o.info(ctx)
	return info, err
}

// sample makes an attempt that must succeed.
func (o *one) sample() string {
	o.t.Helper()
	info, err := o.attempt(context.Background())
	if err != nil {
		o.t.Fatalf("the attempt failed: %v (%v)", err, reason.Classify(err).Cause)
	}
	return info
}

// notRenewed makes an attempt that must succeed, and returns why its connection is not the newest.
func (o *one) notRenewed() reason.Reason {
	o.t.Helper()
	_, notRenewed, err := o.info(context.Background())
	if err != nil {
		o.t.Fatalf("the attempt failed: %v (%v)", err, reason.Classify(err).Cause)
	}
	if notRenewed == nil {
		return ""
	}
	return reason.Classify(notRenewed).Reason
}

// later lets the next attempt renew although one has just failed.
func (o *one) later() {
	now := time.Now().Add(lastRenewal)
	o.server.now = func() time.Time { return now }
}

// fail makes an attempt that must fail for a reason.
func (o *one) fail(want reason.Reason) {
	o.t.Helper()
	info, err := o.attempt(context.Background())
	if err == nil {
		o.t.Fatalf("the attempt gave %q; want %s", info, want)
	}
	if got := reason.Classify(err); got.Reason != want {
		o.t.Fatalf("the attempt failed with %s (%v), want %s", got.Reason, got.Cause, want)
	}
	if o.server.link != nil {
		o.t.Error("the connection is kept after a failure")
	}
}
