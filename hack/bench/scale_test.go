package bench

import (
	"context"
	"fmt"
	"math"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/redis-metrics/redis-metrics-adapter/hack/measure"
)

const (
	// settled is how long a number of objects runs before it is measured, and measured for how long:
	// of 10,000 garbage is collected each 12 s or so, which is a tenth of what they cost.
	settled  = 20 * time.Second
	measured = 40 * time.Second
	// interval is that of an object that says nothing of it.
	interval = 5 * time.Second

	// The CPU time of all objects is compared with that of go-redis infoTurns times, for infoTurn each. It may be
	// mostInfo times as much.
	infoTurns, infoTurn, mostInfo = 5, 2 * interval, 1.35

	// Limits, of 10,000 objects and of none.
	mostMebibytes                    = 400
	mostWarm                         = 15 * time.Second
	soonWarm                         = interval + 2*time.Second // 1,000 objects
	mostSelector                     = 100 * time.Millisecond
	mostIdleCores, mostIdleMebibytes = 0.005, 60
)

const mebibyte = 1 << 20

// measureScale measures what 0, 100, 1,000 and 10,000 objects cost.
func measureScale(b *testing.B) {
	h := newHarness(b)
	cores, memory := map[int]float64{}, map[int]float64{}
	for _, objects := range []int{0, 100, 1000, 10000} {
		say("%d objects", objects)
		h.populate(objects, nil)
		cores[objects], memory[objects] = h.load(interval)
		if objects == 1000 {
			h.start(soonWarm)
		}
	}
	h.Add("growth of CPU to that of objects", cores[10000]/cores[1000]/10, "x").AtMost(1).Noise = 0.1
	h.Add("growth of memory to that of objects", memory[10000]/memory[1000]/10, "x").AtMost(1).Noise = 0.1
	h.besideInfo()
	h.profile("cpu", "/debug/pprof/profile?seconds=10")
	h.profile("goroutines", "/debug/pprof/goroutine")
	h.profile("heap", "/debug/pprof/heap?gc=1")
	h.selector()
	h.edits()
	h.rotation()
	h.start(mostWarm)
}

// load measures what the objects, each sampled once every so often, cost once the rates of all are served. The adapter still writes the status of new
// objects then, as it does in a cluster.
func (h *harness) load(every time.Duration) (cores, memory float64) {
	h.b.Helper()
	h.warm(h.objects)
	h.wait(settled)
	before := h.scrape()
	cores = h.cores(h.adapter, measured)
	after := h.scrape()
	memory = h.resident() / mebibyte
	failed, attempts := samplesBetween(before, after)
	if want := float64(h.objects) * measured.Seconds() / every.Seconds(); attempts < 0.95*want {
		h.b.Fatalf("%.0f samples of %d objects, want %.0f: the machine is too slow for all of them", attempts, h.objects, want)
	}
	name := func(what string) string { return fmt.Sprintf("%d objects, %s", h.objects, what) }
	cpu, resident := h.Add(name("CPU"), cores, "cores"), h.Add(name("resident"), memory, "MiB")
	switch h.objects {
	case 0:
		cpu.AtMost(mostIdleCores)
		resident.AtMost(mostIdleMebibytes)
		return cores, memory
	case 10000:
		resident.AtMost(mostMebibytes)
	}
	h.Add(name("goroutines"), after.Sum("go_goroutines", nil), "")
	h.Add(name("lateness p50"), lateness(before, after, 50).Seconds(), "s")
	h.Add(name("lateness p99"), lateness(before, after, 99).Seconds(), "s").AtMost(every.Seconds() / 20)
	h.Add(name("samples failed"), failed, "")
	h.Add(name("lateness max, at most"), lateness(before, after, 100).Seconds(), "s")
	return cores, memory
}

// besideInfo compares the CPU time of the adapter with that of as many clients of go-redis, which ask for INFO as often
// and do nothing else, at the same time.
func (h *harness) besideInfo() {
	h.b.Helper()
	var samples atomic.Int64
	defer bareClients(h.b.Context(), h.objects, interval, h.address, func() { samples.Add(1) })()
	h.wait(3 * interval) // all have connected
	var adapter, bare []float64
	for range infoTurns {
		begin := samples.Load()
		before, _ := usage(h.b)
		cores := h.cores(h.adapter, infoTurn)
		after, _ := usage(h.b)
		count, want := float64(samples.Load()-begin), float64(h.objects)*infoTurn.Seconds()/interval.Seconds()
		if count < 0.95*want {
			h.b.Fatalf("%.0f bare INFOs in %s, want %.0f", count, infoTurn, want)
		}
		adapter = append(adapter, cores)
		bare = append(bare, (after-before).Seconds()/infoTurn.Seconds())
	}
	h.Typical(fmt.Sprintf("%d clients that ask for INFO, CPU", h.objects), "cores", bare)
	h.Ratio(fmt.Sprintf("%d objects to as many such clients, CPU", h.objects), adapter, bare).AtMost(mostInfo)
}

// warm returns when the rates of so many objects are served, or of more.
func (h *harness) warm(objects int) {
	h.b.Helper()
	if objects == 0 {
		return
	}
	h.until(2*time.Minute, 200*time.Millisecond, func(ctx context.Context) (bool, error) {
		body, err := h.caller.get(ctx, allObjects)
		if err != nil {
			return false, nil //nolint:nilerr // it is not known yet
		}
		found, err := valuesIn(body)
		return found >= objects, err
	})
}

// selector measures how long it takes until the values of all objects are there.
func (h *harness) selector() {
	h.b.Helper()
	var took []float64
	for range 21 {
		start := time.Now()
		body, err := h.caller.get(h.b.Context(), allObjects)
		took = append(took, measure.Milliseconds(time.Since(start)))
		check(h.b, err)
		found, err := valuesIn(body)
		check(h.b, err)
		if found < h.objects*99/100 {
			h.b.Fatalf("%d values of %d objects", found, h.objects)
		}
	}
	name := fmt.Sprintf("selector over %d objects", h.objects)
	h.Typical(name+", p50", "ms", took).AtMost(float64(mostSelector.Milliseconds()))
	h.Add(name+", max", measure.Percentile(took, 100), "ms")
}

// edits measures what a change of the spec of 1,000 objects, each of which begins again, costs beyond their sampling.
func (h *harness) edits() {
	h.b.Helper()
	const edited = 1000
	patch := []byte(`{"spec":{"sampling":{"timeout":"900ms"}}}`)
	cpu, took := h.beyondRest(h.adapter, measured/2, func() {
		h.each(0, edited, func(ctx context.Context, client dynamic.ResourceInterface, n int) error {
			_, err := client.Patch(ctx, objectName(n), types.MergePatchType, patch, metav1.PatchOptions{})
			return err
		})
		h.warm(h.objects)
	})
	h.Add("edit of an object's spec, CPU", cpu.Seconds()/edited*1e3, "ms")
	h.Add("1,000 edits until all rates are known again", took.Seconds(), "s")
}

// start measures how long all objects take to be warm after a start, which may be limit.
func (h *harness) start(limit time.Duration) {
	h.b.Helper()
	check(h.b, h.adapter.Stop())
	begin := time.Now()
	check(h.b, h.adapter.Restart(h.b.Context()))
	h.warm(h.objects)
	h.Add(fmt.Sprintf("start until %d objects are warm", h.objects), time.Since(begin).Seconds(), "s").AtMost(limit.Seconds())
	h.Add(fmt.Sprintf("%d objects, resident then", h.objects), h.resident()/mebibyte, "MiB")
}

// samples returns how many attempts ended with a result other than Succeeded, and how many in all.
func samples(m measure.Metrics) (failed, attempts float64) {
	const name = "redis_metrics_adapter_sampling_attempts_total"
	return m.Sum(name, func(labels map[string]string) bool { return labels["result"] != "Succeeded" }), m.Sum(name, nil)
}

func samplesBetween(before, after measure.Metrics) (failed, attempts float64) {
	failedBefore, attemptsBefore := samples(before)
	failed, attempts = samples(after)
	return failed - failedBefore, attempts - attemptsBefore
}

// lateness returns what so many per cent of the attempts between two scrapes were not later than, taken to be spread evenly
// within the bucket of the histogram.
func lateness(before, after measure.Metrics, share float64) time.Duration {
	const name = "redis_metrics_adapter_sampling_lateness_seconds"
	last, first := after[name].GetMetric(), before[name].GetMetric()
	if len(last) != 1 || len(first) != 1 {
		return 0
	}
	counts := func(n int) float64 {
		return float64(last[0].GetHistogram().GetBucket()[n].GetCumulativeCount() - first[0].GetHistogram().GetBucket()[n].GetCumulativeCount())
	}
	rank := share / 100 * float64(last[0].GetHistogram().GetSampleCount()-first[0].GetHistogram().GetSampleCount())
	below, bound := 0.0, 0.0
	for n, bucket := range last[0].GetHistogram().GetBucket() {
		count, upper := counts(n), bucket.GetUpperBound()
		if count >= rank && !math.IsInf(upper, 1) {
			within := 1.0
			if count > below {
				within = (rank - below) / (count - below)
			}
			return measure.Seconds(bound + within*(upper-bound))
		}
		below, bound = count, upper
	}
	return math.MaxInt64
}

func TestLatenessIsThatOfTheAttemptsBetween(t *testing.T) {
	scrape := func(first, second, third string) measure.Metrics {
		const name = "redis_metrics_adapter_sampling_lateness_seconds"
		metrics, err := measure.Parse([]byte("# TYPE " + name + " histogram\n" + name + `_bucket{le="0.1"} ` + first + "\n" + name + `_bucket{le="0.2"} ` + second + "\n" +
			name + `_bucket{le="+Inf"} ` + third + "\n" + name + "_sum 1\n" + name + "_count " + third + "\n"))
		if err != nil {
			t.Fatal(err)
		}
		return metrics
	}
	before, after := scrape("1000", "1000", "1000"), scrape("1050", "1100", "1100")
	for share, want := range map[float64]float64{25: 0.05, 50: 0.1, 75: 0.15, 100: 0.2} {
		if got := lateness(before, after, share).Seconds(); got < want-1e-6 || got > want+1e-6 {
			t.Errorf("%v %% are at most %v s late, want %v", share, got, want)
		}
	}
}
