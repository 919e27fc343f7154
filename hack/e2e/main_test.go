package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
)

const (
	// syncPeriod is how often the HPA controller looks here; upstream looks every 15 s.
	syncPeriod = 5 * time.Second
	// stabilization is for how long a lower recommendation must hold; upstream waits 5 minutes.
	stabilization = 10 * time.Second
	// wholeLog is more lines than an adapter writes.
	wholeLog = 1 << 20
)

// harness is the control plane and the adapter that the tests share.
type harness struct {
	*cluster.Cluster
	adapter *cluster.Adapter
	client  kubernetes.Interface
}

var shared harness

func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == helm {
		os.Exit(runHelm())
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	h, err := open(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	shared = h
	watched := watchAvailability(ctx, h)
	code := m.Run()
	if err := errors.Join(watched(), h.Err(), hungUp(h)); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	if code != 0 {
		fmt.Fprintf(os.Stderr, "the end of the adapter's log:\n%s\n", h.adapter.LogTail(60))
	}
	if err := h.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	return code
}

// open starts a control plane and an adapter.
func open(ctx context.Context) (harness, error) {
	h, err := openEmpty(ctx)
	if err != nil {
		return harness{}, err
	}
	if h.adapter, err = h.StartAdapter(ctx, cluster.AdapterOptions{}); err != nil {
		return harness{}, errors.Join(err, h.Stop())
	}
	return h, nil
}

// openEmpty starts a control plane.
func openEmpty(ctx context.Context, change ...func(*cluster.Options)) (harness, error) {
	options := cluster.Options{
		Log: os.Stderr, HPASyncPeriod: syncPeriod, HPADownscaleStabilization: stabilization,
	}
	for _, each := range change {
		each(&options)
	}
	c, err := cluster.Start(ctx, options)
	if err != nil {
		return harness{}, err
	}
	client, err := kubernetes.NewForConfig(c.Config())
	if err != nil {
		return harness{}, errors.Join(err, c.Stop())
	}
	return harness{Cluster: c, client: client}, nil
}

// emptyHarness is a control plane of the test's own, without an adapter. None of its processes may die.
func emptyHarness(t *testing.T, change ...func(*cluster.Options)) harness {
	t.Helper()
	h := newHarness(t, change...)
	t.Cleanup(func() {
		if err := h.Err(); err != nil {
			t.Error(err)
		}
	})
	return h
}

func newHarness(t *testing.T, change ...func(*cluster.Options)) harness {
	t.Helper()
	h, err := openEmpty(t.Context(), change...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Stop(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// ownHarness is a control plane of the test's own, with an adapter.
func ownHarness(t *testing.T, change ...func(*cluster.Options)) harness {
	t.Helper()
	h := newHarness(t, change...)
	h.startAdapter(t, cluster.AdapterOptions{})
	return h
}

// startAdapter starts the adapter of a harness.
func (h *harness) startAdapter(t *testing.T, options cluster.AdapterOptions) {
	t.Helper()
	adapter, err := h.StartAdapter(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	h.adapter = adapter
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the end of the adapter's log:\n%s", adapter.LogTail(60))
		}
	})
}

// hungUp says whether the adapter made a noise about the aggregator, which asks five times at once whether it is there
// and hangs up on four.
func hungUp(h harness) error {
	if strings.Contains(h.adapter.LogTail(wholeLog), "stream closed") {
		return errors.New("the adapter logs that the aggregator hung up")
	}
	return nil
}

// watchAvailability looks at the APIServices until the returned function is
// called, which says whether they were ever unavailable.
func watchAvailability(ctx context.Context, h harness) func() error {
	ctx, cancel := context.WithCancel(ctx)
	found := make(chan error, 1)
	go func() {
		var seen error
		defer func() { found <- seen }()
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			if err := errors.Join(h.available(ctx, older), h.available(ctx, newer)); err != nil && ctx.Err() == nil && seen == nil {
				seen = fmt.Errorf("at %s: %w", time.Now().Format(time.TimeOnly), err)
			}
		}
	}()
	return func() error {
		cancel()
		return <-found
	}
}

func versions() []string { return []string{"v1beta1", "v1beta2"} }

// repository is the root of the project.
func repository(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return root
}
