package simulation

import (
	"fmt"
	"slices"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/hpa"
)

const (
	// mostSyncs is a month of syncs every 15 s.
	mostSyncs = 31 * 24 * 240
	// mostReplicas bounds the work, because each pod is simulated.
	mostReplicas = 10_000
)

// Options says how the controller and the workload behave.
type Options struct {
	Controller hpa.Controller
	// SyncPeriod is --horizontal-pod-autoscaler-sync-period.
	SyncPeriod time.Duration
	// PodReadyAfter is how long a pod takes to become ready.
	PodReadyAfter time.Duration
	// Replicas is the initial number of replicas, all of them ready.
	Replicas int32
}

// Result is what an HPA would have done.
type Result struct {
	Name    string
	Metrics []hpa.Metric
	Syncs   []Sync
	Summary Summary
}

// Sync is what the controller observed and decided at an instant.
type Sync struct {
	Offset      time.Duration
	Observation hpa.Observation
	Decision    hpa.Decision
}

// Summary describes the cost and the quality of a result.
type Summary struct {
	ReplicaHours         float64
	MinReplicas          int32
	MaxReplicas          int32
	Changes              int           // of the number of replicas
	Reversals            int           // changes in the other direction than the one before
	AboveTarget, Unknown time.Duration // of one metric or more
}

// Run simulates a setting on a load. The first sync is at the first row.
func Run(setting Setting, load Load, options Options) (Result, error) {
	autoscaler, err := hpa.New(options.Controller, setting.HPA)
	if err != nil {
		return Result{}, err
	}
	if count := load.Duration() / options.SyncPeriod; count > mostSyncs {
		return Result{}, fmt.Errorf("the load lasts for %d syncs: use at most %d, of a shorter load or a longer sync period", count, mostSyncs)
	}
	if highest := max(setting.HPA.Spec.MaxReplicas, options.Replicas); highest > mostReplicas {
		return Result{}, fmt.Errorf("%d replicas: use at most %d", highest, mostReplicas)
	}
	result := Result{Name: setting.Name, Metrics: autoscaler.Metrics()}
	w := workload{readyAfter: options.PodReadyAfter}
	w.scale(options.Replicas, -options.PodReadyAfter)
	tally := tally{load: load, metrics: result.Metrics}
	for offset := time.Duration(0); offset <= load.Duration(); offset += options.SyncPeriod {
		observation := hpa.Observation{
			Time: time.Unix(0, 0).Add(offset), Replicas: w.replicas(), StatusReplicas: w.replicas(),
			Pods: w.replicas(), ReadyPods: w.ready(offset), Values: load.at(offset),
		}
		decision := autoscaler.Sync(observation)
		result.Syncs = append(result.Syncs, Sync{offset, observation, decision})
		w.scale(decision.Desired, offset)
		tally.changed(int(decision.Desired - observation.Replicas))
		tally.add(&w, offset, min(offset+options.SyncPeriod, load.Duration()))
	}
	result.Summary = tally.Summary
	return result, nil
}

// workload holds when each pod becomes ready, by ordinal.
type workload struct {
	readyAt    []time.Duration
	readyAfter time.Duration
}

func (w *workload) replicas() int32 { return int32(len(w.readyAt)) }

func (w *workload) ready(offset time.Duration) (ready int32) {
	for _, at := range w.readyAt {
		if at <= offset {
			ready++
		}
	}
	return ready
}

func (w *workload) scale(replicas int32, offset time.Duration) {
	for w.replicas() < replicas {
		w.readyAt = append(w.readyAt, offset+w.readyAfter)
	}
	w.readyAt = w.readyAt[:replicas]
}

// tally makes the summary.
type tally struct {
	Summary
	load      Load
	metrics   []hpa.Metric
	direction int
	begun     bool
}

func (t *tally) changed(by int) {
	if by == 0 {
		return
	}
	t.Changes++
	if t.direction != 0 && (by > 0) != (t.direction > 0) {
		t.Reversals++
	}
	t.direction = by
}

// add counts the time between two syncs, in spans in which neither the load nor the
// number of ready pods changes.
func (t *tally) add(w *workload, begin, end time.Duration) {
	replicas := w.replicas()
	if !t.begun {
		t.MinReplicas, t.begun = replicas, true
	}
	t.MinReplicas, t.MaxReplicas = min(t.MinReplicas, replicas), max(t.MaxReplicas, replicas)
	t.ReplicaHours += float64(replicas) * (end - begin).Hours()
	bounds := []time.Duration{begin, end}
	for _, row := range t.load[t.load.after(begin):t.load.after(end)] {
		bounds = append(bounds, row.Offset)
	}
	bounds = append(bounds, w.readyAt...)
	slices.Sort(bounds)
	for i := 1; i < len(bounds); i++ {
		if bounds[i-1] >= begin && bounds[i] <= end {
			t.span(w.ready(bounds[i-1]), t.load.at(bounds[i-1]), bounds[i]-bounds[i-1])
		}
	}
}

func (t *tally) span(ready int32, values []hpa.Value, length time.Duration) {
	above, unknown := false, false
	for i, metric := range t.metrics {
		target := metric.Target
		if metric.Average {
			target *= int64(ready)
		}
		unknown = unknown || values[i].Unknown
		above = above || !values[i].Unknown && values[i].Milli > target
	}
	if above {
		t.AboveTarget += length
	}
	if unknown {
		t.Unknown += length
	}
}

// Setting is an HPA with the name that the results give it.
type Setting struct {
	Name string
	HPA  *autoscalingv2.HorizontalPodAutoscaler
}
