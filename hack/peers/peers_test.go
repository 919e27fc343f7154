package peers

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9/logging"
	"github.com/rs/zerolog"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

var (
	part   = flag.String("part", "all", "what to measure: start, reaction, cost, truth, some of these joined by commas, or all")
	only   = flag.String("peer", "", "a part of the name of the peers to measure; empty for all")
	steps  = flag.Int("steps", 20, "how many Redis step their load")
	sizes  = flag.String("sizes", "10,100,1000", "how many Redis cost is measured at")
	rows   = flag.String("faults", "", "a regular expression of the names of faults to inject")
	output = flag.String("output", filepath.Join("..", "..", "_output", "bench"), "directory for the result")
)

// BenchmarkPeers measures the peers one after the other, each alone on the machine.
func BenchmarkPeers(b *testing.B) {
	// go-redis and the proxy log each connection that a fault ends.
	logging.Disable()
	zerolog.SetGlobalLevel(zerolog.Disabled)
	result := newResult(b)
	flag.Visit(func(set *flag.Flag) {
		switch set.Name {
		case "peer", "steps", "sizes", "faults":
			result.Whole = false
		}
	})
	for _, p := range []peer{&adapter{}, &exporterChain{}, &keda{}} {
		if !strings.Contains(p.name(), *only) {
			continue
		}
		for _, measurement := range []struct {
			name    string
			measure func(*testing.B, peer, *Result)
		}{
			{"start", measureStart}, {"reaction", measureReaction}, {"cost", measureCost}, {"truth", measureTruth},
		} {
			if *part != "all" && !strings.Contains(","+*part+",", ","+measurement.name+",") {
				result.Whole = false
				continue
			}
			began := time.Now()
			passed := b.Run(measurement.name+"/"+p.name(), func(b *testing.B) { measurement.measure(b, p, result) })
			say("%s of %s took %.0f s", measurement.name, p.name(), time.Since(began).Seconds())
			result.Whole = result.Whole && passed
		}
		result.describe(b, p)
	}
	result.write(b, *output)
}

// measureStart waits until each metric in each setting has a value, and scales a StatefulSet.
func measureStart(b *testing.B, p peer, result *Result) {
	server := redistest.New(b)
	server.Do(append([]any{"rpush", list}, elements(jobsOfStep)...)...)
	plane := newPlane(b, p, result)
	log := logReplicas(b, plane)
	began := time.Now()
	var all []workload
	for _, s := range []setting{recommended, fastest, fresh} {
		for _, m := range p.metrics() {
			w := standaloneAt(string(s), server.Addr).workload(m, s)
			w.target = jobsPerReplica
			all = append(all, w)
		}
	}
	p.watch(b, all)
	plane.awaitValues(b, p, all)
	for _, w := range all {
		value, err := plane.value(b.Context(), p.path(w))
		if err != nil || w.metric == jobs && value != jobsOfStep {
			b.Errorf("%s is %v, %v", w.name(), value, err)
		}
		want := w.least()
		if w.metric == jobs {
			want = jobsOfStep / jobsPerReplica
		}
		if _, err := log.await(b.Context(), w.name(), want, began); err != nil {
			b.Errorf("%s is not scaled to %d: %v", w.name(), want, err)
		}
		say("  %s is %v, and scaled to %d after %.0f s", w.name(), value, want, time.Since(began).Seconds())
	}
}

func redisCounts(b *testing.B) (counts []int) {
	b.Helper()
	for text := range strings.SplitSeq(*sizes, ",") {
		count, err := strconv.Atoi(text)
		if err != nil {
			b.Fatal(err)
		}
		counts = append(counts, count)
	}
	return counts
}

func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format("15:04:05 ")+format+"\n", args...)
}
