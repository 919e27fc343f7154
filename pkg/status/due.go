package status

import (
	"container/heap"
	"time"
)

// dueHeap orders objects by when they are due for a look.
type dueHeap []dueEntry

// dueEntry is an object and when it is due, side by side: the order is
// kept without a look into thousands of objects.
type dueEntry struct {
	due time.Time
	*object
}

func (a dueHeap) Len() int           { return len(a) }
func (a dueHeap) Less(i, j int) bool { return a[i].due.Before(a[j].due) }
func (a dueHeap) Swap(i, j int) {
	a[i], a[j] = a[j], a[i]
	a[i].place, a[j].place = i, j
}

// Push implements heap.Interface.
func (a *dueHeap) Push(x any) {
	one := x.(dueEntry)
	one.place = len(*a)
	*a = append(*a, one)
}

// Pop implements heap.Interface.
func (a *dueHeap) Pop() any {
	last := len(*a) - 1
	one := (*a)[last]
	(*a)[last] = dueEntry{}
	*a = (*a)[:last]
	one.place = absent
	return one
}

// absent is the place of an object that is not in the heap.
const absent = -1

// set has an object looked at when it says. One that is in the heap already stays where
// it is if that is sooner: each attempt puts off when the newest sample is too
// old, and that is found out once it would have been, and not after each attempt.
func (a *dueHeap) set(o *object) {
	next := o.next()
	switch {
	case o.place == absent:
		heap.Push(a, dueEntry{next, o})
	case next.Before((*a)[o.place].due):
		(*a)[o.place].due = next
		heap.Fix(a, o.place)
	}
}

// take returns the objects that must be looked at now, and out of the heap until they
// are. With them come those whose turn is soon: an early look does no harm, and
// most need none at their turn then, for which the controller would have to wake.
func (a *dueHeap) take(now time.Time) []*object {
	if len(*a) == 0 || (*a)[0].due.After(now) {
		return nil
	}
	var taken []*object
	for soon := now.Add(takeAhead); len(*a) > 0 && !(*a)[0].due.After(soon); {
		o := (*a)[0].object
		if next := o.next(); next.After(soon) {
			(*a)[0].due = next
			heap.Fix(a, 0)
			continue
		}
		a.drop(o)
		taken = append(taken, o)
	}
	return taken
}

func (a *dueHeap) drop(o *object) {
	if o.place != absent {
		heap.Remove(a, o.place)
	}
}
