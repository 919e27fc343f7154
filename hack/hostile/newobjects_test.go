package hostile

import (
	"context"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"

	"github.com/redis-metrics/redis-metrics-adapter/hack/measure"
	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
)

const (
	newcomerName  = "newcomer"
	newcomerEvery = 15 * time.Second
	longestWait   = 10 * time.Second
	// soonKnown and soonGone are how soon the rates of a new object must be known, and a deleted object unknown.
	soonKnown, soonGone = 2 * interval, 2 * time.Second
)

// newcomers is a healthy object that is made and deleted time after time.
type newcomers struct {
	api     *verifier.API
	objects dynamic.ResourceInterface
	address string

	levels, rates, gone []time.Duration
	failed              int
}

func (n *newcomers) run(ctx context.Context) {
	verifier.Paced(ctx, newcomerEvery, func(int) {
		if err := n.once(ctx); err != nil && ctx.Err() == nil {
			say("violation: the new object of the healthy namespace: %v", err)
			n.failed++
		}
	})
}

func (n *newcomers) once(ctx context.Context) error {
	spec := map[string]any{"address": n.address, "metrics": declared(listPrefix + newcomerName)}
	began := time.Now()
	if _, err := n.objects.Create(ctx, redis(newcomerName, spec), metav1.CreateOptions{}); err != nil {
		return err
	}
	defer func() { // the next one has the same name
		_ = n.objects.Delete(context.WithoutCancel(ctx), newcomerName, metav1.DeleteOptions{})
	}()
	if err := n.await(ctx, began, jobs, &n.levels, known); err != nil {
		return err
	}
	if err := n.await(ctx, began, requests, &n.rates, known); err != nil {
		return err
	}
	deleted := time.Now()
	if err := n.objects.Delete(ctx, newcomerName, metav1.DeleteOptions{}); err != nil {
		return err
	}
	return n.await(ctx, deleted, jobs, &n.gone, apierrors.IsNotFound)
}

// await notes how long after an instant an answer is as it shall be.
func (n *newcomers) await(ctx context.Context, since time.Time, metric string, spans *[]time.Duration, so func(error) bool) error {
	ctx, cancel := context.WithTimeout(ctx, longestWait)
	defer cancel()
	at, err := awaitAnswer(ctx, n.api, newcomerName, metric, so)
	if err == nil {
		*spans = append(*spans, at.Sub(since))
	}
	return err
}

func (n *newcomers) figures(figures *measure.Table) {
	figures.Add("new objects that failed", float64(n.failed), "").AtMost(0)
	figures.Add("new objects", float64(len(n.gone)), "").AtLeast(1)
	figures.Add("new object until its levels are known, max", measure.Milliseconds(measure.Percentile(n.levels, 100)), "ms")
	figures.Add("new object until its rates are known, max", measure.Milliseconds(measure.Percentile(n.rates, 100)), "ms").AtMost(measure.Milliseconds(soonKnown))
	figures.Add("deleted object until it is gone, max", measure.Milliseconds(measure.Percentile(n.gone, 100)), "ms").AtMost(measure.Milliseconds(soonGone))
}
