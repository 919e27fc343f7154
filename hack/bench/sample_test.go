package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/credentials"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/sampler"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/samplertest"
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

// cost is what samples took, in turn or by turn.
type cost struct{ microseconds, allocations, bytes []float64 }

// add adds a turn in which so many samples took so much.
func (c *cost) add(samples, microseconds, allocations, bytes float64) {
	c.microseconds = append(c.microseconds, microseconds/samples)
	c.allocations = append(c.allocations, allocations/samples)
	c.bytes = append(c.bytes, bytes/samples)
}

// measureSample compares a sample with go-redis' INFO and nothing else, twice: fetching, parsing and recording alone, by
// the benchmarks of pkg/sampler; and from the timer on, at 1,000 samples in a second.
func measureSample(b *testing.B) {
	table := newTable(b)
	address := newServer(b, "127.0.0.1").Addr
	sampled := samplerLoops(b, address)
	for _, kind := range []struct {
		name        string
		bare, whole func(*cost)
	}{
		{"back to back", benchmark(b, "BareInfo"), benchmark(b, "Sample")},
		{"1,000/s", loop(b, bareLoops(address)), loop(b, sampled)},
	} {
		var bare, whole cost
		for range sampleTurns {
			kind.bare(&bare)
			kind.whole(&whole)
		}
		table.Typical(kind.name+", bare INFO, CPU", "µs", bare.microseconds)
		table.Typical(kind.name+", sample, CPU", "µs", whole.microseconds)
		table.Ratio(kind.name+", sample to bare INFO, CPU", whole.microseconds, bare.microseconds).AtMost(sampleLimit)
		table.Typical(kind.name+", bare INFO, allocations", "", bare.allocations)
		table.Typical(kind.name+", sample, allocations", "", whole.allocations)
		table.Typical(kind.name+", bare INFO, allocated", "B", bare.bytes)
		table.Typical(kind.name+", sample, allocated", "B", whole.bytes)
	}
	file, err := os.Create(filepath.Join(output, "sample.pprof"))
	check(b, err)
	check(b, pprof.StartCPUProfile(file))
	loop(b, sampled)(&cost{})
	pprof.StopCPUProfile()
	check(b, file.Close())
}

// sampleHeap is GOGC of the benchmarks: the heap of one object alone is so small that it would be collected for every
// few hundred samples, at a cost that in a cluster is spread over a hundred times as many.
const sampleHeap = "1000"

// benchmark runs a benchmark of pkg/sampler in a process of its own.
func benchmark(b *testing.B, name string) func(*cost) {
	return func(c *cost) {
		b.Helper()
		command := exec.CommandContext(b.Context(), bin(b, "sampler.test"),
			"-test.run=^$", "-test.bench=^Benchmark"+name+"$", "-test.benchtime="+sampleTurn.String(), "-test.benchmem")
		command.Env = append(os.Environ(), "GOGC="+sampleHeap)
		text, err := command.Output()
		values := map[string]float64{}
		fields := strings.Fields(string(text))
		for n := 1; n < len(fields); n++ {
			if value, err := strconv.ParseFloat(fields[n-1], 64); err == nil {
				values[fields[n]] = value
			}
		}
		if err != nil || values["cpu-ns/op"] == 0 {
			b.Fatalf("benchmark %s: %v: it reports no cpu-ns/op: %s", name, err, text)
		}
		c.add(1, values["cpu-ns/op"]/1e3, values["allocs/op"], values["B/op"])
	}
}

// side asks a server for INFO and counts samples, until it is stopped.
type side func(ctx context.Context, count func()) (stop func())

// loop runs a side until it is warm, and then for a turn.
func loop(b *testing.B, run side) func(*cost) {
	return func(c *cost) {
		b.Helper()
		var samples atomic.Int64
		stop := run(b.Context(), func() { samples.Add(1) })
		defer stop()
		check(b, wait.PollUntilContextTimeout(b.Context(), every, time.Minute, true, func(context.Context) (bool, error) { return samples.Load() > 5*loops, nil }))
		count := samples.Load()
		before, memoryBefore := usage(b)
		check(b, sleep(b.Context(), sampleTurn))
		after, memory := usage(b)
		c.add(float64(samples.Load()-count), float64(after-before)/1e3,
			float64(memory.Mallocs-memoryBefore.Mallocs), float64(memory.TotalAlloc-memoryBefore.TotalAlloc))
	}
}

// usage returns what this process has taken, in CPU time and in memory.
func usage(b *testing.B) (cpu time.Duration, memory runtime.MemStats) {
	b.Helper()
	var taken syscall.Rusage
	check(b, syscall.Getrusage(syscall.RUSAGE_SELF, &taken))
	runtime.ReadMemStats(&memory)
	return time.Duration(taken.Utime.Nano() + taken.Stime.Nano()), memory
}

// bareLoops ask for INFO in the rhythm of the sampler.
func bareLoops(address string) side {
	return func(ctx context.Context, count func()) func() {
		return bareClients(ctx, loops, every, func(int) string { return address }, count)
	}
}

// bareClients are clients as go-redis makes them. Each asks the server at its address for INFO every so often, spread as
// the sampler spreads them.
func bareClients(ctx context.Context, clients int, every time.Duration, address func(n int) string, count func()) (stop func()) {
	var all []func(context.Context)
	for n := range clients {
		all = append(all, func(ctx context.Context) {
			if sleep(ctx, time.Duration(n)*every/time.Duration(clients)) != nil {
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
	return verifier.Background(ctx, all...)
}

// samplerLoops sample the server at an address as the adapter does.
func samplerLoops(b *testing.B, address string) side {
	local, reads := samplertest.Local(b), samplertest.MetricFields()
	return func(ctx context.Context, count func()) func() {
		manager := sampler.New(ctx, sampler.Config{
			Store: &history.Store{}, Observer: attempts(count), Listener: func(*target.Target) {},
			Credentials: &samplertest.Credentials{Newest: &credentials.Credentials{}}, Egress: local, Reads: reads,
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
