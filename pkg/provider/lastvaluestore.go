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
	// askedWithin is how long a request is kept after it was last made.
	askedWithin = time.Hour
	// maxAsked bounds how many requests are kept for a target because clients made
	// them.
	maxAsked = 100
	// maxSelector is the length of the longest selector that is kept.
	maxSelector = 4096
)

// answer is a served value.
type answer struct {
	quantity resource.Quantity
	// at is the instant of the newest sample that it uses.
	at time.Time
	// window is how many seconds before at it covers, nil if none.
	window *int64
}

// valueKey is a request for a target: a metric, and the canonical text of the selector.
type valueKey struct {
	metric, selector string
}

func (q valueKey) String() string {
	if q.selector == "" {
		return q.metric
	}
	return q.metric + "{" + q.selector + "}"
}

// lastValues holds the last known values of each target with a fallback.
type lastValues struct {
	mu    sync.RWMutex
	pasts map[string]*objectValues // by target ID
	// falling counts the targets for which a fallback answers.
	falling int
}

// objectValues holds the last known values of one target.
type objectValues struct {
	// opened is when sampling of the target began.
	opened time.Time
	// falls reports whether a fallback answers. lastValues.mu guards it.
	falls bool

	mu   sync.Mutex
	kept map[valueKey]*lastValue
}

// lastValue is a request and its last known answer.
type lastValue struct {
	valueKey
	// picks is the selector of the request, nil for none.
	picks labels.Selector
	// always means that the request is kept even if nobody makes it.
	always bool
	// asked is when it was last made.
	asked time.Time
	// last is zero if no answer was known yet.
	last answer
}

// open creates the values of a target, unless it has some, and keeps the given
// requests.
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

// of returns the values of a target, nil if it has none.
func (m *lastValues) of(id string) *objectValues {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.pasts[id]
}

// fall records whether a fallback answers for a target. If that changes, it calls tell
// with the number of such targets, under the lock, so the last call is right.
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

// ask keeps a client's request if there is room, and returns its last known answer.
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

// remember records a known answer, unless a newer one is recorded.
func (p *objectValues) remember(q valueKey, known answer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if k := p.kept[q]; k != nil && !known.at.Before(k.last.at) {
		k.last = known
	}
}

// all drops requests that nobody has made for long, and returns the rest in order.
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
