package sampler

import (
	"container/heap"
	"context"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// idleWorkers is how many workers wait for the next turn rather than end: as many as are due at one
// instant when there are ten thousand targets, and some more.
const idleWorkers = 128

// timerQueue has workers take the turns of loops at the instants for which they are
// booked. A worker belongs to one loop for as long as a turn takes, and there are
// as many as turns are under way, so that none waits for another; between its turns
// a loop has neither goroutine nor timer. All methods are safe for concurrent use.
type timerQueue struct {
	start time.Time
	// turn is what a worker does for a loop.
	turn func(l *loop)
	work chan *loop
	wake chan struct{}
	idle atomic.Int32

	mu    sync.Mutex
	ended bool // nothing is booked any more
	slots slots
	at    map[time.Duration]*slot // by how long after start
}

// slot is an instant and the loops whose turn comes then.
type slot struct {
	at    time.Duration // after the queue's start
	loops []*loop
}

func newTimerQueue(start time.Time, turn func(l *loop)) *timerQueue {
	return &timerQueue{start: start, turn: turn, work: make(chan *loop), wake: make(chan struct{}, 1), at: map[time.Duration]*slot{}}
}

// run lets turns begin until ctx ends, and then all that are booked at once.
func (c *timerQueue) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			c.begin(c.end())
			return
		case <-timer.C:
		case <-c.wake:
		}
		c.begin(c.due(time.Since(c.start)))
		if next, booked := c.next(); booked {
			timer.Reset(next)
		}
	}
}

// push has the turn of a loop begin at l.due. It is false, and does nothing, if the
// loop has been cancelled, or all are about to be.
func (c *timerQueue) push(l *loop) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended || l.ctx.Err() != nil {
		return false
	}
	at := l.due.Sub(c.start)
	booked := c.at[at]
	if booked == nil {
		booked = &slot{at: at}
		c.at[at] = booked
		heap.Push(&c.slots, booked)
		if c.slots[0] == booked {
			select {
			case c.wake <- struct{}{}:
			default:
			}
		}
	}
	l.slot, l.place = booked, len(booked.loops)
	booked.loops = append(booked.loops, l)
	return true
}

// advance has the turn of a loop begin now if it is booked. One that is under way
// will see by itself that the loop has been cancelled.
func (c *timerQueue) advance(l *loop) {
	c.mu.Lock()
	from := l.slot
	if from != nil {
		last := len(from.loops) - 1
		moved := from.loops[last]
		from.loops[l.place], moved.place = moved, l.place
		from.loops[last] = nil
		from.loops = from.loops[:last]
		l.slot = nil
	}
	c.mu.Unlock()
	if from != nil {
		c.begin([]*loop{l})
	}
}

// due takes out the loops that are booked for up to an instant.
func (c *timerQueue) due(now time.Duration) []*loop {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.take(now)
}

// end takes out all loops and lets none be booked again.
func (c *timerQueue) end() []*loop {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	return c.take(math.MaxInt64)
}

// take takes out the loops that are booked for up to an instant. The caller holds the lock.
func (c *timerQueue) take(now time.Duration) []*loop {
	var loops []*loop
	for len(c.slots) > 0 && c.slots[0].at <= now {
		booked := heap.Pop(&c.slots).(*slot)
		delete(c.at, booked.at)
		for _, l := range booked.loops {
			l.slot = nil
		}
		if loops == nil {
			loops = booked.loops
		} else {
			loops = append(loops, booked.loops...)
		}
	}
	return loops
}

// next is how long it is until the next turn.
func (c *timerQueue) next() (time.Duration, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.slots) == 0 {
		return 0, false
	}
	return time.Until(c.start.Add(c.slots[0].at)), true
}

// begin has workers take turns, idle ones first.
func (c *timerQueue) begin(loops []*loop) {
	for _, l := range loops {
		select {
		case c.work <- l:
		default:
			go c.worker(l)
		}
	}
}

// worker takes one turn after the other until there are workers enough without it.
func (c *timerQueue) worker(l *loop) {
	for open := true; open; {
		c.turn(l)
		if c.idle.Add(1) > idleWorkers {
			c.idle.Add(-1)
			return
		}
		l, open = <-c.work
		c.idle.Add(-1)
	}
}

// close ends the idle workers. No turn begins after it.
func (c *timerQueue) close() { close(c.work) }

// slots orders instants. It implements heap.Interface.
type slots []*slot

func (s slots) Len() int           { return len(s) }
func (s slots) Less(i, j int) bool { return s[i].at < s[j].at }
func (s slots) Swap(i, j int)      { s[i], s[j] = s[j], s[i] }

// Push implements heap.Interface.
func (s *slots) Push(x any) { *s = append(*s, x.(*slot)) }

// Pop implements heap.Interface.
func (s *slots) Pop() any {
	last := len(*s) - 1
	one := (*s)[last]
	(*s)[last] = nil
	*s = (*s)[:last]
	return one
}
