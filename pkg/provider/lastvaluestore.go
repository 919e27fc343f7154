package provider

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/labels"
)

const (
	// askedWithin is for how long a question is kept after it was last asked.
	askedWithin = time.Hour
	// maxAsked bounds the questions that are kept of a target because they were asked.
	maxAsked = 100
	// maxSelector is the length of the longest selector that is kept.
	maxSelector = 4096
)

// answer is a value as it is served.
type answer struct {
	quantity resource.Quantity
	// at is the instant of the newest sample in it.
	at time.Time
	// window is the whole seconds before at that it covers, nil if it covers none.
	window *int64
}

// valueKey is what is asked of a target: a metric, and the selector in its canonical text.
type valueKey struct {
	metric, selector string
}

func (q valueKey) String() string {
	if q.selector == "" {
		return q.metric
	}
	return q.metric + "{" + q.selector + "}"
}

// lastValues holds what was last known of each target that has a fallback.
type lastValues struct {
	mu    sync.RWMutex
	pasts map[string]*objectValues // by target ID
	// falling counts the targets that a fallback answers for.
	falling int
}

// objectValues is what was last known of one target.
type objectValues struct {
	// opened is when sampling of the target began.
	opened time.Time
	// falls reports whether a fallback answers; memory.mu holds for it.
	falls bool

	mu   sync.Mutex
	kept map[valueKey]*lastValue
}

// lastValue is a question and the last answer to it that was known.
type lastValue struct {
	valueKey
	// picks is the selector asked by, nil for none.
	picks labels.Selector
	// always means that the question is kept though nobody asks it.
	always bool
	// asked is when it was last asked.
	asked time.Time
	// last is zero if no answer was known yet.
	last answer
}

// open begins the past of a target, unless it has begun, and keeps those questions
// from then on.
func (m *lastValues) open(id string, always []valueKey, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.pasts[id]
	if p == nil {
		p = &objectValues{opened: now, kept: make(map[valueKey]*lastValue, len(always))}
		m.pasts[id] = p
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, q := range always {
		if p.kept[q] == nil {
			p.kept[q] = &lastValue{valueKey: q}
		}
		p.kept[q].always = true
	}
}

// of returns the past of a target, nil if it has none.
func (m *lastValues) of(id string) *objectValues {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.pasts[id]
}

// fall notes whether a fallback answers for a target. When that changes it tells
// of how many targets one does, under the lock, so that what is told last holds.
func (m *lastValues) fall(id string, falls bool, tell func(n int)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.pasts[id]
	if p == nil || p.falls == falls {
		return
	}
	p.falls = falls
	if falls {
		m.falling++
	} else {
		m.falling--
	}
	tell(m.falling)
}

func (m *lastValues) forget(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.pasts, id)
}

// ask keeps a question that the API asks, as far as there is room, and returns the last answer to it.
func (p *objectValues) ask(q valueKey, selector labels.Selector, now time.Time) answer {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := p.kept[q]
	if k == nil {
		asked := 0
		for _, other := range p.kept {
			if !other.always {
				asked++
			}
		}
		if asked >= maxAsked || len(q.selector) > maxSelector {
			return answer{}
		}
		k = &lastValue{valueKey: q, picks: selector}
		p.kept[q] = k
	}
	k.asked = now
	return k.last
}

// remember takes in an answer that is known, unless a newer one is.
func (p *objectValues) remember(q valueKey, known answer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if k := p.kept[q]; k != nil && !known.at.Before(k.last.at) {
		k.last = known
	}
}

// all drops what nobody asked for long, and returns the rest in order.
func (p *objectValues) all(now time.Time) []lastValue {
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.DeleteFunc(p.kept, func(_ valueKey, k *lastValue) bool { return !k.always && now.Sub(k.asked) > askedWithin })
	all := make([]lastValue, 0, len(p.kept))
	for _, k := range p.kept {
		all = append(all, *k)
	}
	slices.SortFunc(all, func(a, b lastValue) int {
		return cmp.Or(cmp.Compare(a.metric, b.metric), cmp.Compare(a.selector, b.selector))
	})
	return all
}
