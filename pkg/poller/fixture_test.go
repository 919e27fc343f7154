package poller

import (
	"context"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/connection"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/credentials"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/egress"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/samplertest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// one is a poller and the history of its samples, driven by hand.
type one struct {
	t       *testing.T
	dialer  *connection.Dialer
	poller  *Poller
	history *history.History
}

// dialerBy reaches servers by a policy and credentials.
func dialerBy(ctx context.Context, t testing.TB, policy *egress.Policy, source connection.Credentials) *connection.Dialer {
	t.Helper()
	d := connection.NewDialer(ctx, policy, source)
	t.Cleanup(d.Wait)
	return d
}

// open reaches servers of tests that ask for no password.
func open(t testing.TB) *connection.Dialer {
	t.Helper()
	return dialerBy(t.Context(), t, samplertest.Local(t), &samplertest.Credentials{Newest: &credentials.Credentials{}})
}

func probing(t *testing.T, tgt *target.Target) *one {
	t.Helper()
	return probingOver(t.Context(), t, open(t), tgt)
}

// probingOver is a poller whose connections end with ctx.
func probingOver(ctx context.Context, t *testing.T, d *connection.Dialer, tgt *target.Target) *one {
	t.Helper()
	var store history.Store
	// The wall clock of a busy machine may be slewed while a test runs.
	policy := history.Policy{Interval: 10 * time.Second, Window: tgt.Window, MaxAge: tgt.MaxAge}
	o := &one{t: t, dialer: d, poller: New(d.Group(ctx, tgt), tgt, tgt.Address, NewFields(samplertest.MetricFields())), history: store.Open(tgt.ID(), policy)}
	t.Cleanup(o.poller.Close)
	return o
}

// attempt asks for all that the target declares.
func (o *one) attempt(ctx context.Context) (history.Sample, error) {
	ctx, cancel := context.WithTimeout(ctx, o.poller.target.Timeout)
	defer cancel()
	got, failure := o.poller.Poll(ctx, Request{Declared: true})
	if failure != nil {
		return history.Sample{}, failure
	}
	return history.NewSample(got.Probed, got.Node), nil
}

// sample makes an attempt that must succeed.
func (o *one) sample() history.Sample {
	o.t.Helper()
	s, err := o.attempt(context.Background())
	if err != nil {
		o.t.Fatalf("the attempt failed: %v (%v)", err, reason.Classify(err).Cause)
	}
	// Attempts follow one another at once here, so that round trips would blur every span.
	s.Nodes[0].RoundTrip = 0
	o.history.Record(s)
	return s
}

// fail makes an attempt that must fail for a reason, and returns how long it took.
func (o *one) fail(want reason.Reason) time.Duration {
	o.t.Helper()
	start := time.Now()
	s, err := o.attempt(context.Background())
	took := time.Since(start)
	if err == nil || s.Nodes != nil {
		o.t.Fatalf("the attempt gave %+v, %v; want %s", s, err, want)
	}
	if got := reason.Classify(err); got.Reason != want {
		o.t.Fatalf("the attempt failed with %s (%v), want %s", got.Reason, got.Cause, want)
	}
	return took
}

// read computes a metric from the samples.
func (o *one) read(name string) (catalog.Reading, error) {
	o.t.Helper()
	return samplertest.Read(o.t, o.history, name)
}
