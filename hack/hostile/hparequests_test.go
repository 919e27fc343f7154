package hostile

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/hack/measure"
	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
)

const (
	// askEvery is how often a request is sent, whether those before were answered or not.
	askEvery   = 100 * time.Millisecond
	unanswered = 100
	// loadKnown is how old a value is when the load about its instant is known.
	loadKnown = 3 * time.Second
	// longestP99 is how long 99 of 100 requests may take, in each minute.
	longestP99 = 250 * time.Millisecond
	shown      = 10
)

// asker asks for the metrics of healthy objects as the HorizontalPodAutoscaler's controller, and compares each value
// with the truth.
type asker struct {
	team     *team
	verifier *verifier.Verifier

	mu       sync.Mutex
	waits    []latency
	failed   []string
	failures int
}

// latency is how long a request took.
type latency struct {
	sent time.Time
	took time.Duration
}

func newAsker(team *team) *asker {
	a := &asker{team: team, verifier: verifier.New(verifier.Defaults())}
	for _, h := range team.objects {
		a.verifier.Expect(h.name, []verifier.Expectation{verifier.SoleLoad(), verifier.Exactly(jobs, float64(h.jobs))})
		a.verifier.Bind(h.name, verifier.Span{}, h.truth)
	}
	return a
}

func (a *asker) run(ctx context.Context) {
	var waiting sync.WaitGroup
	defer waiting.Wait()
	places := make(chan struct{}, unanswered)
	verifier.Paced(ctx, askEvery, func(n int) {
		select {
		case places <- struct{}{}:
		default:
			a.fail(fmt.Sprintf("%d requests wait", unanswered))
			return
		}
		waiting.Go(func() {
			defer func() { <-places }()
			h := a.team.objects[n%len(a.team.objects)]
			if n/len(a.team.objects)%2 == 0 {
				a.ask(ctx, h, requests)
			} else {
				a.ask(ctx, h, jobs)
			}
		})
	})
}

func (a *asker) ask(ctx context.Context, h *healthy, metric string) {
	answer := verifier.Ask(ctx, a.team.api, h.name, verifier.Expectation{Metric: metric})
	took := answer.Answered.Sub(answer.Asked)
	if answer.Err != nil {
		a.fail(fmt.Sprintf("%s of %s after %s: %v", metric, h.name, took.Round(time.Millisecond), answer.Err))
	} else {
		a.verifier.Add(answer)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.waits = append(a.waits, latency{answer.Asked, took})
}

func (a *asker) fail(sentence string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.failures++; len(a.failed) < shown {
		a.failed = append(a.failed, time.Now().Format("15:04:05 ")+sentence)
	}
}

func (a *asker) figures(figures *measure.Table, began time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	report := a.verifier.Close()
	for _, sentence := range append(report.Wrong, a.failed...) {
		say("violation: %s", sentence)
	}
	figures.Add("values checked", float64(report.Checked), "").AtLeast(float64(len(a.waits)) / 4)
	figures.Add("values that are wrong", float64(report.Violations), "").AtMost(0)
	figures.Add("requests that failed", float64(a.failures), "").AtMost(0)
	calm, attacked, slices := a.split(began)
	figures.Add("HPA requests before the attack, p99", measure.Milliseconds(measure.Percentile(calm, 99)), "ms")
	figures.Add("HPA requests", float64(len(attacked)), "")
	figures.Add("HPA requests, p50", measure.Milliseconds(measure.Percentile(attacked, 50)), "ms")
	figures.Add("HPA requests, p99", measure.Milliseconds(measure.Percentile(attacked, 99)), "ms").AtMost(measure.Milliseconds(longestP99))
	worst := time.Duration(0)
	for _, slice := range slices {
		worst = max(worst, measure.Percentile(slice, 99))
	}
	figures.Add("HPA requests, p99 of the worst minute", measure.Milliseconds(worst), "ms").AtMost(measure.Milliseconds(longestP99))
	figures.Add("HPA requests, max", measure.Milliseconds(measure.Percentile(attacked, 100)), "ms")
}

// split separates the waits before the attack from those beside it, and these by the minute. A last minute that is not
// whole goes with the one before. The caller holds the lock.
func (a *asker) split(began time.Time) (calm, attacked []time.Duration, minutes [][]time.Duration) {
	whole := max(1, int(*duration/time.Minute))
	minutes = make([][]time.Duration, whole)
	for _, one := range a.waits {
		if one.sent.Before(began) {
			calm = append(calm, one.took)
			continue
		}
		attacked = append(attacked, one.took)
		n := min(int(one.sent.Sub(began)/time.Minute), whole-1)
		minutes[n] = append(minutes[n], one.took)
	}
	return calm, attacked, minutes
}
