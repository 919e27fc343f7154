package status

import (
	"container/list"
	"time"

	"golang.org/x/time/rate"
)

const (
	// objectGap is the shortest time between two writes to one object.
	objectGap = time.Second
	// numbersGap is the time between a write and one of numbers alone.
	numbersGap = 60 * time.Second
	// urgentPerSecond and urgentBurst bound writes that cannot wait, over all objects.
	urgentPerSecond, urgentBurst = 50, 100
	// numbersPerSecond and numbersBurst bound writes of numbers, over all objects.
	numbersPerSecond, numbersBurst = 10, 20
	// namespacePerSecond and namespaceBurst bound writes of all kinds to the objects of one namespace.
	namespacePerSecond, namespaceBurst = 1, 100
)

// queue holds objects that wait to be written, first come first served.
type queue struct {
	waiting  *list.List // of *object
	limit    *rate.Limiter
	inFlight int
	// atMost bounds inFlight.
	atMost int
}

func newQueue(perSecond rate.Limit, burst, atMost int) *queue {
	return &queue{waiting: list.New(), limit: rate.NewLimiter(perSecond, burst), atMost: atMost}
}

// put lets an object wait in q, nil for none; its turn stays if it waits there already.
func (o *object) put(q *queue) {
	if o.queue == q {
		return
	}
	if o.queue != nil {
		o.queue.waiting.Remove(o.ticket)
	}
	o.queue, o.ticket = q, nil
	if q != nil {
		o.ticket = q.waiting.PushBack(o)
	}
}

// first returns the object whose turn it is, nil if nothing may be written now.
func (q *queue) first(now time.Time) *object {
	if q.waiting.Len() == 0 || q.inFlight >= q.atMost || q.limit.TokensAt(now) < 1 {
		return nil
	}
	return q.waiting.Front().Value.(*object)
}

// opens returns when the rate lets the next write out, false if it is not the rate that one waits for.
func (q *queue) opens(now time.Time) (time.Time, bool) {
	if q.waiting.Len() == 0 || q.inFlight >= q.atMost {
		return time.Time{}, false
	}
	missing := max(0, 1-q.limit.TokensAt(now))
	// Rounding up keeps the loop from waking a moment too early, again and again.
	return now.Add(time.Duration(missing/float64(q.limit.Limit())*float64(time.Second)) + time.Millisecond), true
}

// turns bounds the writes to the objects of each namespace, which take turns.
type turns map[string]*rate.Limiter

// next returns when the next write to a namespace may go out that has no turn yet.
func (t turns) next(namespace string, now time.Time) time.Time {
	limiter := t[namespace]
	if limiter == nil {
		for other, rested := range t {
			if rested.TokensAt(now) >= namespaceBurst {
				delete(t, other) // a new one would be the same
			}
		}
		limiter = rate.NewLimiter(namespacePerSecond, namespaceBurst)
		t[namespace] = limiter
	}
	return now.Add(limiter.ReserveN(now, 1).DelayFrom(now))
}
