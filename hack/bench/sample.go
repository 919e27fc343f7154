package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"k8s.io/apimachinery/pkg/types"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/credentials"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/egress"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/sampler"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

const (
	// sampleTurns and sampleTurn are how often and for how long each side samples.
	sampleTurns = 7
	sampleTurn  = time.Second
	// sampleLimit bounds the CPU time of a sample, as a multiple of that of a bare INFO.
	sampleLimit = 1.5
)

// In a cluster each sample has to wake a sleeping process as well: loops objects are sampled, each of them every so often.
const (
	loops = 50
	every = 50 * time.Millisecond
	// sampleWindow is the window over which rates are taken, four samples as with the defaults.
	sampleWindow = 3 * every
)

// cost is what one sample took, by turn.
type cost struct{ microseconds, allocations, bytes []float64 }

// measureSample compares a sample with go-redis' INFO and nothing else, twice: fetching, parsing and recording alone, by
// the benchmarks of pkg/sampler; and from the timer on, at 1,000 samples in a second.
func measureSample(ctx context.Context, h *harness) ([]Figure, error) {
	server, err := startRedis(ctx, "127.0.0.1")
	if err != nil {
		return nil, err
	}
	defer server.stop()
	loopback, err := egress.New(egress.Config{AllowLoopback: true})
	if err != nil {
		return nil, err
	}
	metrics := catalog.Builtin()
	sampled := samplerLoops(loopback, metrics.Reads)
	var figures []Figure
	for _, kind := range []struct {
		name        string
		bare, whole func(ctx context.Context) (usage, float64, error)
	}{
		{"back to back", h.benchmark("BareInfo"), h.benchmark("Sample")},
		{"1,000/s", loop(server.address, bareLoops), loop(server.address, sampled)},
	} {
		var bare, whole cost
		for range sampleTurns {
			if err := errors.Join(bare.add(ctx, kind.bare), whole.add(ctx, kind.whole)); err != nil {
				return figures, err
			}
		}
		figures = append(figures, compared(kind.name, bare, whole)...)
	}
	return figures, profileSampler(ctx, h.options, loop(server.address, sampled))
}

func compared(name string, bare, whole cost) []Figure {
	return []Figure{
		typical(name+", bare INFO, CPU", "µs", 0, bare.microseconds),
		typical(name+", sample, CPU", "µs", 0, whole.microseconds),
		ratio(name+", sample to bare INFO, CPU", sampleLimit, whole.microseconds, bare.microseconds),
		typical(name+", bare INFO, allocations", "", 0, bare.allocations),
		typical(name+", sample, allocations", "", 0, whole.allocations),
		typical(name+", bare INFO, allocated", "B", 0, bare.bytes),
		typical(name+", sample, allocated", "B", 0, whole.bytes),
	}
}

// add runs one turn of one side.
func (c *cost) add(ctx context.Context, turn func(context.Context) (usage, float64, error)) error {
	used, samples, err := turn(ctx)
	if err != nil {
		return err
	}
	c.microseconds = append(c.microseconds, float64(used.cpu.Nanoseconds())/1e3/samples)
	c.allocations = append(c.allocations, float64(used.mallocs)/samples)
	c.bytes = append(c.bytes, float64(used.bytes)/samples)
	return nil
}

// sampleHeap is GOGC of the benchmarks: the heap of one object alone is so small that it would be collected for every
// few hundred samples, at a cost that in a cluster is spread over a hundred times as many.
const sampleHeap = "1000"

// benchmark runs a benchmark of pkg/sampler in a process of its usage.
func (h *harness) benchmark(name string) func(context.Context) (usage, float64, error) {
	return func(ctx context.Context) (usage, float64, error) {
		command := exec.CommandContext(ctx, filepath.Join(h.options.BinDir, "sampler.test"),
			"-test.run=^$", "-test.bench=^Benchmark"+name+"$", "-test.benchtime="+sampleTurn.String(), "-test.benchmem")
		command.Env = append(os.Environ(), "GOGC="+sampleHeap)
		text, err := command.Output()
		if err != nil {
			return usage{}, 0, fmt.Errorf("benchmark %s: %w: %s", name, err, text)
		}
		values := map[string]float64{}
		fields := strings.Fields(string(text))
		for n := 1; n < len(fields); n++ {
			if value, err := strconv.ParseFloat(fields[n-1], 64); err == nil {
				values[fields[n]] = value
			}
		}
		if values["cpu-ns/op"] == 0 {
			return usage{}, 0, fmt.Errorf("benchmark %s does not report cpu-ns/op: %s", name, text)
		}
		return usage{cpu: time.Duration(values["cpu-ns/op"]), mallocs: uint64(values["allocs/op"]), bytes: uint64(values["B/op"])}, 1, nil
	}
}

// side asks the server at an address for INFO and counts samples, until it is stopped.
type side func(ctx context.Context, address string, count func()) (stop func())

// loop runs a side until it is warm, and then for a turn.
func loop(address string, run side) func(context.Context) (usage, float64, error) {
	return func(ctx context.Context) (usage, float64, error) {
		var samples atomic.Int64
		stop := run(ctx, address, func() { samples.Add(1) })
		defer stop()
		if err := until(ctx, every, func() (bool, error) { return samples.Load() > 5*loops, nil }); err != nil {
			return usage{}, 0, err
		}
		count := samples.Load()
		before, err := ownUsage()
		if err != nil {
			return usage{}, 0, err
		}
		if err := wait(ctx, sampleTurn); err != nil {
			return usage{}, 0, err
		}
		after, err := ownUsage()
		used := usage{cpu: after.cpu - before.cpu, mallocs: after.mallocs - before.mallocs, bytes: after.bytes - before.bytes}
		return used, float64(samples.Load() - count), err
	}
}

// profileSampler writes a CPU profile of one more turn of the adapter's side.
func profileSampler(ctx context.Context, options Options, turn func(context.Context) (usage, float64, error)) error {
	file, err := os.Create(filepath.Join(options.Output, "sample.pprof"))
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return err
	}
	_, _, err = turn(ctx)
	pprof.StopCPUProfile()
	return errors.Join(err, file.Close())
}

// bareLoops ask for INFO in the rhythm of the sampler.
func bareLoops(ctx context.Context, address string, count func()) func() {
	return bareClients(ctx, loops, every, func(int) string { return address }, count)
}

// bareClients are clients as go-redis makes them. Each asks the server at its address for INFO every so often, spread as
// the sampler spreads them.
func bareClients(ctx context.Context, clients int, every time.Duration, address func(n int) string, count func()) func() {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	for n := range clients {
		running.Go(func() {
			if wait(ctx, time.Duration(n)*every/time.Duration(clients)) != nil {
				return
			}
			client := redis.NewClient(&redis.Options{Addr: address(n), PoolSize: 1})
			defer func() { _ = client.Close() }()
			ticker := time.NewTicker(every)
			defer ticker.Stop()
			for {
				select {
				case <-ctx.Done():
					return
				case <-ticker.C:
				}
				if client.Info(ctx).Err() == nil {
					count()
				}
			}
		})
	}
	return func() {
		cancel()
		running.Wait()
	}
}

// samplerLoops are those of the adapter.
func samplerLoops(loopback *egress.Policy, reads func(field string) bool) side {
	return func(ctx context.Context, address string, count func()) func() {
		manager := sampler.New(ctx, sampler.Config{
			Store: &history.Store{}, Observer: attempts(count), Listener: func(*target.Target) {},
			Credentials: noCredentials{&credentials.Credentials{}}, Egress: loopback, Reads: reads,
		})
		for n := range loops {
			name := fmt.Sprintf("redis-%d", n)
			manager.Set(&target.Target{
				NamespacedName: types.NamespacedName{Namespace: "bench", Name: name}, UID: types.UID(name), Generation: 1,
				Address: address, Interval: every, Timeout: time.Second, Window: sampleWindow, MaxAge: time.Minute,
			})
		}
		return manager.Stop
	}
}

// attempts is a sampler.Observer that counts samples.
type attempts func()

func (a attempts) Attempted(_, _ time.Duration, failure reason.Reason) {
	if failure == "" {
		a()
	}
}

func (attempts) Targets(sampler.State, int) {}

// noCredentials are the credentials of a server that asks for none.
type noCredentials struct{ *credentials.Credentials }

func (n noCredentials) Get(context.Context, *target.Target, target.Party) (*credentials.Credentials, error) {
	return n.Credentials, nil
}

func (noCredentials) ReportRejected(*target.Target, target.Party) {}
