package sampler

import (
	"context"
	"sync"
	"testing"
	"time"

	"golang.org/x/time/rate"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/credentials"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/egress"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

const (
	// patience bounds what should happen at once.
	patience = time.Minute
	// ample is a timeout that no server of these tests needs.
	ample = 20 * time.Second
)

// targetAt is a target that is sampled often and remembered for long.
func targetAt(name, addr string) *target.Target {
	return &target.Target{
		NamespacedName: types.NamespacedName{Namespace: "default", Name: name},
		UID:            types.UID("uid-of-" + name),
		Generation:     1,
		Address:        addr,
		Interval:       100 * time.Millisecond,
		Timeout:        ample,
		Window:         time.Minute,
		MaxAge:         time.Minute,
	}
}

// local lets the servers of tests be dialed.
func local(t testing.TB) *egress.Policy {
	t.Helper()
	return restricted(t, egress.Config{AllowLoopback: true})
}

func restricted(t testing.TB, cfg egress.Config) *egress.Policy {
	t.Helper()
	policy, err := egress.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return policy
}

// metricFields are the fields of INFO that built-in metrics read.
func metricFields(t testing.TB) func(field string) bool {
	metrics, err := catalog.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return metrics.Reads
}

// open are the dependencies that reach servers of tests that ask for no password.
func open(t testing.TB) deps {
	t.Helper()
	killers := newKillers(t.Context())
	t.Cleanup(killers.wg.Wait)
	return deps{
		sampling: t.Context(), egress: local(t), credentials: &given{newest: &credentials.Credentials{}}, dials: rate.NewLimiter(rate.Inf, 0),
		connections: newConnectionLimit(), scripts: &scripts{}, killers: killers, pools: newPools(metricFields(t)),
	}
}

// given are the credentials of a test, the same for all servers, and others for sentinels if it has them.
type given struct {
	mu        sync.Mutex
	newest    *credentials.Credentials
	sentinels *credentials.Credentials
	err       error
	doubts    int
}

func (g *given) Get(_ context.Context, _ *target.Target, of target.Party) (*credentials.Credentials, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if of == target.Sentinels && g.sentinels != nil {
		return g.sentinels, nil
	}
	return g.newest, g.err
}

func (g *given) ReportRejected(*target.Target, target.Party) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.doubts++
}

// set makes others, or their want, the newest ones.
func (g *given) set(newest *credentials.Credentials, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.newest, g.err = newest, err
}

// one is a probe and the series of its samples, driven by hand.
type one struct {
	t       *testing.T
	poller  *poller
	history *history.History
}

func probing(t *testing.T, target *target.Target) *one {
	t.Helper()
	var store history.Store
	// The wall clock of a busy machine may be slewed while a test runs.
	policy := history.Policy{Interval: 10 * time.Second, Window: target.Window, MaxAge: target.MaxAge}
	o := &one{t: t, poller: newPoller(target, target.Address, open(t)), history: store.Open(target.ID(), policy)}
	t.Cleanup(o.poller.close)
	return o
}

// attempt asks for all that the target declares.
func (o *one) attempt(ctx context.Context) (history.Sample, error) {
	ctx, cancel := context.WithTimeout(ctx, o.poller.target.Timeout)
	defer cancel()
	got, err := o.poller.attempt(ctx, request{declared: true})
	if err != nil {
		return history.Sample{}, err
	}
	return history.NewSample(got.probed, got.Node), nil
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
	if o.poller.link != nil {
		o.t.Error("the connection is kept after a failure")
	}
	return took
}

// read computes a metric from the samples.
func (o *one) read(name string) (catalog.Reading, error) {
	o.t.Helper()
	return read(o.t, o.history, name)
}

func read(t *testing.T, h catalog.History, name string) (catalog.Reading, error) {
	t.Helper()
	c, err := catalog.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	m, ok := c.Lookup(name)
	if !ok {
		t.Fatalf("there is no metric %s", name)
	}
	return m.Read(h, catalog.Query{Now: time.Now()})
}

// watched is a Manager whose attempts a test waits for.
type watched struct {
	*Manager
	store history.Store

	mu       sync.Mutex
	attempts map[string]int
	targets  int
	states   map[State]int
	wake     chan struct{}
}

func managing(t *testing.T) *watched {
	t.Helper()
	w := &watched{attempts: map[string]int{}, states: map[State]int{}, wake: make(chan struct{}, 1)}
	ctx := klog.NewContext(t.Context(), klog.New(nil)) // what is logged here is what the tests provoke
	w.Manager = New(ctx, Config{Store: &w.store, Observer: w, Listener: w.attempted, Egress: local(t), Credentials: open(t).credentials, Reads: metricFields(t)})
	t.Cleanup(w.Stop)
	return w
}

func (w *watched) Attempted(late, took time.Duration, _ reason.Reason) {}

func (w *watched) Targets(state State, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.states[state] = n
	w.targets = 0
	for _, of := range w.states {
		w.targets += of
	}
}

func (w *watched) attempted(t *target.Target) {
	w.mu.Lock()
	w.attempts[t.Name]++
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *watched) count(t *target.Target) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.attempts[t.Name]
}

func (w *watched) of(t *target.Target) *history.History {
	return w.store.Get(t.ID())
}

// await returns once a condition holds that attempts bring about.
func (w *watched) await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for !holds() {
		select {
		case <-w.wake:
		case <-deadline.C:
			t.Fatalf("waited %s in vain: %s", patience, what)
		}
	}
}

// awaitMore returns after n more attempts at a target.
func (w *watched) awaitMore(t *testing.T, of *target.Target, n int) {
	t.Helper()
	want := w.count(of) + n
	w.await(t, "more attempts", func() bool { return w.count(of) >= want })
}

// poll returns once a condition holds that nothing announces.
func poll(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("waited %s in vain: %s", patience, what)
		}
	}
}

// connections counts the adapter's connections in CLIENT LIST.
func connections(t *testing.T, s *redistest.Server) int {
	t.Helper()
	list, ok := s.Do("client", "list").(string)
	if !ok {
		t.Fatal("CLIENT LIST is not text")
	}
	return countNamed(list)
}

func text(t *testing.T, info *redisinfo.Info, key string) string {
	t.Helper()
	value, err := info.Text(key)
	if err != nil {
		t.Fatal(err)
	}
	return value
}
