package hostile

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/hack/traffic"
	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
)

const (
	// askEvery is how often a request is sent, whether those before were answered or not.
	askEvery   = 100 * time.Millisecond
	unanswered = 100
	// maxAge is that of an object that does not set one. An instant is stated in whole seconds.
	maxAge = 15*time.Second + time.Second
	// audited is how old a rate is when it is compared with the load, which is known by then.
	audited = 3 * time.Second
	// longestP99 is how long 99 of 100 requests may take, in each minute.
	longestP99 = 250 * time.Millisecond
	shown      = 10
)

// asker asks for the metrics of healthy objects as the HorizontalPodAutoscaler's controller, and compares each value
// with the truth.
type asker struct {
	team *team

	mu        sync.Mutex
	waits     []latency
	levels    int
	failed    []string
	wrong     []string
	rates     []rate // to be audited
	audits    map[*healthy]*traffic.Audit
	failures  int
	wrongOnes int
}

// latency is how long a request took.
type latency struct {
	sent time.Time
	took time.Duration
}

type rate struct {
	of    *healthy
	value traffic.Value
	at    time.Time
}

func newAsker(team *team) *asker {
	a := &asker{team: team, audits: map[*healthy]*traffic.Audit{}}
	for _, h := range team.objects {
		a.audits[h] = &traffic.Audit{}
	}
	return a
}

func (a *asker) run(ctx context.Context) {
	var waiting sync.WaitGroup
	defer waiting.Wait()
	places := make(chan struct{}, unanswered)
	paced(ctx, askEvery, func(n int) {
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
	sent := time.Now()
	value, at, window, err := a.team.api.Value(ctx, h.name, verifier.Expectation{Metric: metric})
	took := time.Since(sent)
	if err != nil {
		a.fail(fmt.Sprintf("%s of %s after %s: %v", metric, h.name, took.Round(time.Millisecond), err))
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.waits = append(a.waits, latency{sent, took})
	if err == nil {
		a.check(h, metric, sent, traffic.Value{PerSecond: value, At: at, Window: window})
	}
}

// check compares a value with the truth, a rate later on. The caller holds the lock.
func (a *asker) check(h *healthy, metric string, sent time.Time, value traffic.Value) {
	if age := sent.Sub(value.At); age > maxAge {
		a.violate(fmt.Sprintf("%s of %s is %s old", metric, h.name, age))
	}
	if metric == requests {
		a.rates = append(a.rates, rate{h, value, sent})
		a.audit(sent.Add(-audited))
		return
	}
	if a.levels++; value.PerSecond != float64(h.jobs) {
		a.violate(fmt.Sprintf("%s of %s is %v, want %d", metric, h.name, value.PerSecond, h.jobs))
	}
}

func (a *asker) fail(sentence string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.failures++; len(a.failed) < shown {
		a.failed = append(a.failed, time.Now().Format("15:04:05 ")+sentence)
	}
}

// violate notes a wrong value. The caller holds the lock.
func (a *asker) violate(sentence string) {
	if a.wrongOnes++; len(a.wrong) < shown {
		a.wrong = append(a.wrong, time.Now().Format("15:04:05 ")+sentence)
	}
}

// audit compares rates that were served until an instant with the load. The caller holds the lock.
func (a *asker) audit(until time.Time) {
	for len(a.rates) > 0 && a.rates[0].at.Before(until) {
		served := a.rates[0]
		a.rates = a.rates[1:]
		held := a.audits[served.of]
		before := len(held.Wrong)
		held.Check(served.value, served.of.load.History())
		for _, sentence := range held.Wrong[before:] {
			a.violate(served.of.name + ": " + sentence)
		}
	}
}

func (a *asker) settle(ctx context.Context) {
	sleep(ctx, audited)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.audit(time.Now())
}

func (a *asker) figures(figures *table, began time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	checked, off := a.levels, 0.0
	for _, audit := range a.audits {
		checked += audit.Checked
		off = max(off, audit.Largest)
	}
	for _, sentence := range append(a.wrong, a.failed...) {
		say("violation: %s", sentence)
	}
	figures.atLeast("values checked", float64(checked), "", float64(len(a.waits))/4)
	figures.atMost("values that are wrong", float64(a.wrongOnes), "", 0)
	figures.report("rates off from the load, max", 100*off, "%")
	figures.atMost("requests that failed", float64(a.failures), "", 0)
	calm, attacked, slices := a.split(began)
	figures.report("HPA requests before the attack, p99", milliseconds(quantile(calm, 99)), "ms")
	figures.report("HPA requests", float64(len(attacked)), "")
	figures.report("HPA requests, p50", milliseconds(quantile(attacked, 50)), "ms")
	figures.below("HPA requests, p99", milliseconds(quantile(attacked, 99)), "ms", milliseconds(longestP99))
	worst := time.Duration(0)
	for _, slice := range slices {
		worst = max(worst, quantile(slice, 99))
	}
	figures.below("HPA requests, p99 of the worst minute", milliseconds(worst), "ms", milliseconds(longestP99))
	figures.report("HPA requests, max", milliseconds(quantile(attacked, 100)), "ms")
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
