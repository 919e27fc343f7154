package dashboard

import (
	"slices"
	"sync"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/overview"
)

const (
	// maxReadings is an hour of readings at one each 5 s.
	maxReadings = 720
	// maxHPAs bounds the HPAs of all readings together, of some hundred bytes each.
	maxHPAs = 50_000
	// maxEvents bounds the Events of all HPAs.
	maxEvents = 5_000
)

// history keeps the newest readings and their Events. It is safe for concurrent use.
type history struct {
	mu       sync.Mutex
	next     int // the number of the next reading
	hpas     int // in all readings
	readings []reading
	events   []event
	// seen holds the Events of the cluster, without the number of a reading, and the last reading that found each.
	seen map[event]int
}

func newHistory() *history { return &history{seen: map[event]int{}} }

// add adds a read of the cluster, or why it failed.
func (h *history) add(o overview.Overview, err error, now time.Time) {
	if err != nil {
		o = overview.Overview{Time: now, Problems: []string{err.Error()}}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	added := newReading(h.next, o)
	h.next++
	h.readings = append(h.readings, added)
	h.hpas += len(added.HPAs)
	for i := range o.HPAs {
		h.addEvents(added.Number, name(&o.HPAs[i]), o.HPAs[i].Events)
	}
	for len(h.readings) > maxReadings || h.hpas > maxHPAs && len(h.readings) > 1 {
		h.hpas -= len(h.readings[0].HPAs)
		h.readings = slices.Delete(h.readings, 0, 1)
	}
	h.forget(h.readings[0].Number)
}

// addEvents adds the Events that no earlier reading found. An Event that occurs again has another time.
func (h *history) addEvents(number int, hpa string, found []overview.Event) {
	for _, e := range found {
		added := event{HPA: hpa, Time: seconds(e.Time), Type: e.Type, Reason: e.Reason, Message: e.Message}
		if _, known := h.seen[added]; !known {
			kept := added
			kept.Reading = number
			h.events = append(h.events, kept)
		}
		h.seen[added] = number
	}
}

// forget drops the Events of readings that are no longer kept.
func (h *history) forget(oldest int) {
	h.events = slices.DeleteFunc(h.events, func(e event) bool { return e.Reading < oldest })
	h.events = slices.Delete(h.events, 0, max(0, len(h.events)-maxEvents))
	for e, number := range h.seen {
		if number < oldest {
			delete(h.seen, e)
		}
	}
}

// answer is the response to the page.
type answer struct {
	// Scope says what is read.
	Scope string `json:"scope"`
	// Interval is the time between readings, in seconds.
	Interval float64 `json:"interval"`
	// Oldest is the number of the oldest reading that is kept.
	Oldest   int       `json:"oldest"`
	Readings []reading `json:"readings"`
	Events   []event   `json:"events"`
}

// from returns the readings since a number, and their Events.
func (h *history) from(number int) answer {
	h.mu.Lock()
	defer h.mu.Unlock()
	a := answer{Readings: []reading{}, Events: []event{}}
	if len(h.readings) == 0 {
		return a
	}
	a.Oldest = h.readings[0].Number
	a.Readings = append(a.Readings, h.readings[min(max(0, number-a.Oldest), len(h.readings)):]...)
	for _, e := range h.events {
		if e.Reading >= number {
			a.Events = append(a.Events, e)
		}
	}
	return a
}
