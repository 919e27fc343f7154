package peers

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/redis-metrics/redis-metrics-adapter/hack/traffic"
	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

const (
	// The load before and after a step, in requests/s, and what one replica is for.
	lowLoad, highLoad, loadPerReplica = 500, 2500, 1000
	// The jobs of a step, and what one replica is for: so few replicas that an HPA adds them in one sync.
	jobsOfStep, jobsPerReplica = 500, 250
	// look is how often the API is asked for a value, which bounds how exactly a reaction is timed.
	look = 500 * time.Millisecond
	// near is by how much a value may be off to be that of the load: redis_exporter counts its own requests.
	near = 0.1
	// reacting bounds how long a step up or down is followed.
	reacting = 6 * time.Minute
)

// reactions are how long after a step each event was, in seconds, by metric, setting and event.
type reactions struct {
	mu     sync.Mutex
	events map[reactionEvent][]float64
}

type reactionEvent struct {
	metric  metric
	setting setting
	what    string
}

// The events of a step, in the order of the table.
const (
	valueShows     = "the value shows it"
	replicasFollow = "replicas follow it"
	replicasGone   = "replicas are gone after the step down"
)

func (r *reactions) add(w workload, what string, after time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	event := reactionEvent{w.metric, w.setting, what}
	r.events[event] = append(r.events[event], after.Seconds())
}

// measureReaction steps the load of several Redis once each, at random phases. Both metrics of a Redis step at once, and both
// settings see the same step.
func measureReaction(b *testing.B, p peer, result *Result) {
	plane := newPlane(b, p, result)
	log := logReplicas(b, plane)
	all := &reactions{events: map[reactionEvent][]float64{}}
	var workloads []workload
	lanes := make([]lane, *steps)
	for i := range lanes {
		server := redistest.New(b)
		lanes[i] = lane{peer: p, plane: plane, replicas: log, server: server, load: traffic.New(server.Addr), all: all}
		for _, s := range []setting{recommended, fastest} {
			for _, m := range p.metrics() {
				w := standaloneAt(fmt.Sprintf("redis-%02d-%s", i, s), server.Addr).workload(m, s)
				w.target = map[metric]int{requests: loadPerReplica, jobs: jobsPerReplica}[m]
				lanes[i].workloads = append(lanes[i].workloads, w)
			}
		}
		workloads = append(workloads, lanes[i].workloads...)
	}
	running, ctx := errgroup.WithContext(b.Context())
	ctx, cancel := context.WithCancel(ctx)
	for _, l := range lanes {
		l.load.SetRate(lowLoad)
		running.Go(func() error { return l.load.Run(ctx, nil) })
	}
	p.watch(b, workloads)
	stepping, stepCtx := errgroup.WithContext(ctx)
	for i, l := range lanes {
		stepping.Go(func() error {
			if err := l.step(stepCtx); err != nil {
				return fmt.Errorf("Redis %d: %w", i, err)
			}
			say("  step %d of %d is over", i+1, len(lanes))
			return nil
		})
	}
	err := stepping.Wait()
	cancel()
	if err := errors.Join(err, running.Wait(), plane.Err()); err != nil {
		b.Fatal(err)
	}
	for _, m := range p.metrics() {
		for _, s := range []setting{recommended, fastest} {
			for _, what := range []string{valueShows, replicasFollow, replicasGone} {
				seconds := all.events[reactionEvent{m, s, what}]
				row := result.add(reactionTable, string(m)+": "+what, string(s), p)
				row.percentile("p50", seconds, 50)
				row.percentile("p90", seconds, 90)
				row.percentile("max", seconds, 100)
			}
		}
	}
}

// lane is one Redis and its workloads.
type lane struct {
	peer      peer
	plane     *plane
	replicas  *replicaLog
	server    *redistest.Server
	load      *traffic.Driver
	workloads []workload
	all       *reactions
}

// step waits until all is at rest, and for a random time more, and then for what comes of a step up and of one down.
func (l *lane) step(ctx context.Context) error {
	err := l.each(ctx, func(ctx context.Context, w workload) error {
		if _, err := l.replicas.await(ctx, w.name(), w.least(), time.Time{}); err != nil {
			return err
		}
		return until(ctx, 4*look, func() bool { return l.shows(ctx, w, low(w)) })
	})
	if err != nil {
		return fmt.Errorf("come to rest: %w", err)
	}
	verifier.Sleep(ctx, rand.N(syncPeriod))
	client, up := l.server.Dial(), time.Now()
	l.load.SetRate(highLoad)
	if err := client.RPush(ctx, list, elements(jobsOfStep)...).Err(); err != nil {
		return err
	}
	err = l.each(ctx, func(ctx context.Context, w workload) error {
		if err := until(ctx, look, func() bool { return l.shows(ctx, w, high(w)) }); err != nil {
			return err
		}
		l.all.add(w, valueShows, time.Since(up))
		after, err := l.replicas.await(ctx, w.name(), int(math.Ceil(high(w)/float64(w.target))), up)
		l.all.add(w, replicasFollow, after)
		return err
	})
	if err != nil {
		return fmt.Errorf("follow the step up: %w", err)
	}
	verifier.Sleep(ctx, rand.N(syncPeriod))
	down := time.Now()
	l.load.SetRate(lowLoad)
	if err := client.Del(ctx, list).Err(); err != nil {
		return err
	}
	err = l.each(ctx, func(ctx context.Context, w workload) error {
		after, err := l.replicas.await(ctx, w.name(), w.least(), down)
		l.all.add(w, replicasGone, after)
		return err
	})
	if err != nil {
		return fmt.Errorf("follow the step down: %w", err)
	}
	return nil
}

// each does something for all workloads side by side, for a bounded time.
func (l *lane) each(ctx context.Context, do func(context.Context, workload) error) error {
	ctx, cancel := context.WithTimeout(ctx, reacting)
	defer cancel()
	running, ctx := errgroup.WithContext(ctx)
	for _, w := range l.workloads {
		running.Go(func() error {
			if err := do(ctx, w); err != nil {
				return fmt.Errorf("%s: %w", w.name(), err)
			}
			return nil
		})
	}
	return running.Wait()
}

// shows reports whether the API states a value.
func (l *lane) shows(ctx context.Context, w workload, want float64) bool {
	value, err := l.plane.value(ctx, l.peer.path(w))
	return err == nil && math.Abs(value-want) <= near*want
}

func low(w workload) float64 {
	if w.metric == requests {
		return lowLoad
	}
	return 0
}

func high(w workload) float64 {
	if w.metric == requests {
		return highLoad
	}
	return jobsOfStep
}

// elements returns elements of a list.
func elements(count int) []any {
	all := make([]any, count)
	for i := range all {
		all[i] = i
	}
	return all
}
