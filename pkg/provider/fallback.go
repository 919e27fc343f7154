package provider

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// Set begins to remember the values of a target with a fallback, unless it already
// does. Call it before the first attempt at the target.
func (p *Provider) Set(t *target.Target) {
	if t.FallsBack() {
		p.memory.open(t.ID(), p.always(t), time.Now())
	}
}

// Remove forgets a target.
func (p *Provider) Remove(t *target.Target) {
	if t.FallsBack() {
		p.memory.fall(t.ID(), false, p.observer.InFallback)
		p.memory.forget(t.ID())
	}
}

// Sampled records the values of a target after an attempt, whether or not this replica
// is asked for them.
func (p *Provider) Sampled(t *target.Target) {
	if !t.FallsBack() {
		return
	}
	uses, _ := p.Fallbacks(t, time.Now())
	answers := slices.ContainsFunc(uses, func(u target.FallbackUse) bool { return u.Answers })
	p.memory.fall(t.ID(), answers, p.observer.InFallback)
}

// Fallbacks returns the metrics of a target that have a fallback and are unknown,
// ordered by name, and when that changes without a sample, zero if it does not. Metrics
// that only requests ask for are included once they were known.
func (p *Provider) Fallbacks(t *target.Target, now time.Time) (uses []target.FallbackUse, next time.Time) {
	past := p.memory.of(t.ID())
	if past == nil {
		return nil, time.Time{}
	}
	for _, k := range past.all(now) {
		read, exists := p.metric(t, k.metric)
		fallback := t.FallbackOf(k.metric)
		if !exists || fallback == nil {
			continue
		}
		known, err := p.known(t, read, catalogQuery(k.picks, now))
		if err == nil {
			past.remember(k.valueKey, known)
			continue
		}
		if past.warmsUp(t, k.last, err, now) {
			next = sooner(next, warmUpEnd(t, past.opened))
			continue
		}
		use := target.FallbackUse{Metric: k.String(), Fallback: *fallback, LastKnown: k.last.at}
		if use.LastKnown.IsZero() && !k.always {
			continue
		}
		_, refused := applyFallback(*fallback, k.last, now)
		use.Answers = refused == nil
		if use.Answers && fallback.Type == v1alpha1.FallbackLastValue {
			// A value is still served at the instant of Until, and not after it.
			next = sooner(next, use.Until().Add(time.Millisecond))
		}
		uses = append(uses, use)
	}
	return uses, next
}

// always returns what is remembered even if nobody asks: the metrics that spec.fallback
// names and, if it has a fallback for all metrics, the declared metrics and
// requests-per-second.
func (p *Provider) always(t *target.Target) []valueKey {
	var all []valueKey
	add := func(name string) {
		if _, exists := p.metric(t, name); exists && t.FallbackOf(name) != nil {
			all = append(all, valueKey{metric: name})
		}
	}
	for name := range t.Fallbacks {
		add(name)
	}
	if t.Fallback != nil {
		add(catalog.RequestsPerSecond)
		for _, d := range t.Declared {
			add(d.Name)
		}
	}
	return all
}

// answer returns the value of a metric or, if it is unknown, that of its fallback.
func (p *Provider) answer(t *target.Target, read catalog.Reader, a *query) (answer, error) {
	known, err := p.known(t, read, a.query)
	fallback := t.FallbackOf(a.metric)
	if fallback == nil {
		return known, err
	}
	past := p.memory.of(t.ID())
	if past == nil {
		return known, err
	}
	q, now := valueKey{metric: a.metric}, a.query.Now
	if a.selector != nil {
		q.selector = a.selector.String()
	}
	last := past.ask(q, a.selector, now)
	if err == nil {
		past.remember(q, known)
		return known, nil
	}
	if past.warmsUp(t, last, err, now) {
		return answer{}, err
	}
	instead, refused := applyFallback(*fallback, last, now)
	if refused != nil {
		return answer{}, fmt.Errorf("%w; %w", err, refused)
	}
	p.observer.FellBack(fallback.Type)
	return instead, nil
}

// applyFallback returns what a fallback serves, or why it serves nothing.
func applyFallback(fallback target.Fallback, last answer, now time.Time) (answer, error) {
	switch {
	case fallback.Type == v1alpha1.FallbackValue:
		return answer{quantity: fallback.Value.DeepCopy(), at: now}, nil
	case last.at.IsZero():
		return answer{}, errors.New("its fallback LastValue has no value: none has been known since the adapter started or spec was edited")
	case age(last.at, now) > fallback.For:
		return answer{}, fmt.Errorf("its fallback LastValue has ended: the last value is older than spec.fallback.for, %s", fallback.For)
	}
	return last, nil
}

// age returns the longer of the times that the monotonic and the wall clock measured, as
// for samples.
func age(at, now time.Time) time.Duration {
	return max(now.Sub(at), now.Round(0).Sub(at.Round(0)))
}

// warmUpEnd returns when a target that has been sampled since an instant should have all its
// samples.
func warmUpEnd(t *target.Target, opened time.Time) time.Time {
	return opened.Add(t.Window + t.Interval + t.Timeout)
}

// warmsUp reports whether a value was never known only because samples are missing,
// while no attempt has failed. A start of the adapter, or an edit, is not an outage.
func (p *objectValues) warmsUp(t *target.Target, last answer, err error, now time.Time) bool {
	if !last.at.IsZero() || !now.Before(warmUpEnd(t, p.opened)) {
		return false
	}
	if missing, ok := errors.AsType[*history.UnknownError](err); ok {
		return missing.Failure == nil && missing.Reason != history.Stale
	}
	return catalog.Awaited(err)
}

// sooner returns the earlier of two instants; a zero one does not count.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}
