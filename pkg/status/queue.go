package status

import (
	"container/heap"
	"container/list"
	"time"

	"golang.org/x/time/rate"
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

// agenda orders objects by when they are due for a look.
type agenda []*object

func (a agenda) Len() int           { return len(a) }
func (a agenda) Less(i, j int) bool { return a[i].due.Before(a[j].due) }
func (a agenda) Swap(i, j int) {
	a[i], a[j] = a[j], a[i]
	a[i].heapPos, a[j].heapPos = i, j
}

// Push implements heap.Interface.
func (a *agenda) Push(x any) {
	o := x.(*object)
	o.heapPos = len(*a)
	*a = append(*a, o)
}

// Pop implements heap.Interface.
func (a *agenda) Pop() any {
	last := len(*a) - 1
	o := (*a)[last]
	(*a)[last] = nil
	*a = (*a)[:last]
	o.heapPos = -1
	return o
}

// set has an object looked at at an instant. One that is in the agenda already stays
// where it is if that is sooner: an attempt puts off when its sample is too old, and
// that is found out once it would have been, and not after each attempt.
func (a *agenda) set(o *object, again time.Time) {
	o.again = again
	switch {
	case o.heapPos < 0:
		o.due = again
		heap.Push(a, o)
	case again.Before(o.due):
		o.due = again
		heap.Fix(a, o.heapPos)
	}
}

// take returns the objects that must be looked at now, and out of the agenda until they
// are. With them come those whose turn is soon: an early look does no harm, and
// most need none at their turn then, for which the round would have to wake.
func (a *agenda) take(now time.Time) []*object {
	var taken []*object
	if len(*a) == 0 || (*a)[0].due.After(now) {
		return nil
	}
	for soon := now.Add(takeAhead); len(*a) > 0 && !(*a)[0].due.After(soon); {
		o := (*a)[0]
		if o.again.After(soon) {
			o.due = o.again
			heap.Fix(a, 0)
			continue
		}
		a.drop(o)
		taken = append(taken, o)
	}
	return taken
}

func (a *agenda) drop(o *object) {
	if o.heapPos >= 0 {
		heap.Remove(a, o.heapPos)
	}
}
