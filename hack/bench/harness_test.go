package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"

	"github.com/redis-metrics/redis-metrics-adapter/hack/backend"
	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/hack/measure"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

const (
	// namespace is where all objects of the bench are.
	namespace = "bench"
	// minimalName names the adapter that answers without knowing anything.
	minimalName = "minimal-adapter"
)

// harness is what a part measures: a control plane, and an adapter that has never seen a Redis object.
type harness struct {
	b *testing.B
	*measure.Table
	*cluster.Cluster
	client  kubernetes.Interface
	adapter *cluster.Adapter
	caller  *caller          // of the adapter
	backend *backend.Backend // nil until the part delegates
	servers []*redistest.Server
	// objects is how many Redis objects there are.
	objects int
}

func newHarness(b *testing.B) *harness {
	b.Helper()
	h := &harness{b: b}
	var err error
	h.Cluster, err = cluster.Start(b.Context(), cluster.Options{Log: os.Stderr, HPADownscaleStabilization: time.Second})
	check(b, err)
	b.Cleanup(func() { check(b, errors.Join(h.Err(), h.Stop())) })
	h.Table = newTable(b)
	h.client, err = kubernetes.NewForConfig(h.Config())
	check(b, err)
	_, err = h.client.CoreV1().Namespaces().Create(b.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{})
	check(b, err)
	check(b, evict(bin(b, cluster.AdapterName)))
	h.adapter, err = h.StartAdapter(b.Context(), cluster.AdapterOptions{})
	check(b, err)
	h.caller = h.callerOf(h.adapter)
	return h
}

// minimal starts the minimal adapter, to which nothing is routed.
func (h *harness) minimal() *cluster.Adapter {
	h.b.Helper()
	minimal, err := h.StartAdapter(h.b.Context(), cluster.AdapterOptions{Name: minimalName, Binary: bin(h.b, minimalName), Standby: true})
	check(h.b, err)
	return minimal
}

// newServer starts a Redis server at a loopback address.
func newServer(b *testing.B, host string, args ...string) *redistest.Server {
	b.Helper()
	return redistest.New(b, append([]string{"--bind", host, "--maxclients", "4000", "--tcp-backlog", "4096", "--loglevel", "warning"}, args...)...)
}

// serve starts Redis servers at loopback addresses of their own.
func (h *harness) serve(servers int) {
	h.b.Helper()
	for n := len(h.servers); n < servers; n++ {
		h.servers = append(h.servers, newServer(h.b, "127.0.0."+strconv.Itoa(n+2), "--bind", "0.0.0.0"))
	}
}

// addressOf returns the address where the client of a number reaches a server that listens at all of them. It spreads
// clients over so many addresses that the adapter's bound on connections to one address keeps none of them away.
func addressOf(server *redistest.Server, client int) string {
	const addresses = 50
	_, port, _ := net.SplitHostPort(server.Addr)
	return net.JoinHostPort(fmt.Sprintf("127.0.1.%d", 1+client%addresses), port)
}

// apply applies a file of testdata with a name in the place of NAME.
func (h *harness) apply(ctx context.Context, file, name string) error {
	text, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		return err
	}
	_, err = h.KubectlInput(ctx, strings.NewReader(strings.ReplaceAll(string(text), "NAME", name)), "apply", "-n", namespace, "-f", "-")
	return err
}

// profile writes a profile of the adapter to a file.
func (h *harness) profile(name, path string) {
	h.b.Helper()
	body, err := h.caller.get(h.b.Context(), path)
	check(h.b, err)
	check(h.b, os.WriteFile(filepath.Join(output, name+".pprof"), body, 0o644))
}

// scrape returns the adapter's own metrics.
func (h *harness) scrape() measure.Metrics {
	h.b.Helper()
	plain := *h.caller
	plain.accept = "text/plain"
	body, err := plain.get(h.b.Context(), "/metrics")
	check(h.b, err)
	metrics, err := measure.Parse(body)
	check(h.b, err)
	return metrics
}

// spent returns how much CPU time a process spends while something is done, and how long that takes.
func (h *harness) spent(process *cluster.Adapter, do func()) (cpu, took time.Duration) {
	h.b.Helper()
	before, err := measure.CPUTime(process.PID())
	check(h.b, err)
	start := time.Now()
	do()
	took = time.Since(start)
	after, err := measure.CPUTime(process.PID())
	check(h.b, err)
	return after - before, took
}

// cores returns how many cores a process takes over a span.
func (h *harness) cores(process *cluster.Adapter, span time.Duration) float64 {
	h.b.Helper()
	cpu, took := h.spent(process, func() { h.wait(span) })
	return cpu.Seconds() / took.Seconds()
}

// beyondRest is spent, less what the process takes at rest, for which it is watched before.
func (h *harness) beyondRest(process *cluster.Adapter, watched time.Duration, do func()) (cpu, took time.Duration) {
	h.b.Helper()
	rest := h.cores(process, watched)
	cpu, took = h.spent(process, do)
	return cpu - time.Duration(rest*float64(took)), took
}

func (h *harness) resident() float64 {
	h.b.Helper()
	memory, err := measure.Memory(h.adapter.PID())
	check(h.b, err)
	return float64(memory.VmRSS)
}

// until looks at something time after time until it is so.
func (h *harness) until(within, every time.Duration, so func(context.Context) (bool, error)) {
	h.b.Helper()
	check(h.b, wait.PollUntilContextTimeout(h.b.Context(), every, within, true, so))
}

func (h *harness) wait(span time.Duration) {
	h.b.Helper()
	check(h.b, sleep(h.b.Context(), span))
}

// sleep returns after a span, or with an error when ctx ends.
func sleep(ctx context.Context, span time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(span):
		return nil
	}
}
