package verifier

import (
	"context"
	"sync"
	"time"
)

const (
	looking = 50 * time.Millisecond
	// hurried is how late a look may be before the adapter may have been so late that an attempt to sample failed, or that
	// no rate is taken from it.
	hurried = 200 * time.Millisecond
	// slowed is how late several looks one after the other may be in all before that. An attempt takes several turns of
	// several processes, each of which comes late where too much is to be done.
	several, slowed = 10, 400 * time.Millisecond
)

// Watch looks at this machine until ctx ends, and notes when it stood still: a processor that a hypervisor gives to others
// for a while stops whoever runs there, which nobody can distinguish from a fault. It looks from each processor on its own,
// and asks a bystander, which no fault affects, for an answer that takes no time.
func (v *Verifier) Watch(ctx context.Context, bystander func(context.Context) error) {
	var watching sync.WaitGroup
	for _, pin := range processors() {
		watching.Go(func() {
			pin()
			v.look(ctx, func(context.Context) error { return nil })
		})
	}
	watching.Go(func() { v.look(ctx, bystander) })
	watching.Wait()
}

func (v *Verifier) look(ctx context.Context, at func(context.Context) error) {
	timer := time.NewTimer(looking)
	defer timer.Stop()
	last := time.Now()
	var late [several]time.Duration
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		err := at(ctx)
		now := time.Now()
		late[n%several] = now.Sub(last) - looking
		inAll := time.Duration(0)
		for _, each := range late {
			inAll += each
		}
		if ctx.Err() == nil && (now.Sub(last) > hurried || inAll > slowed || err != nil) {
			v.stood(Span{last, now})
			late = [several]time.Duration{}
		}
		last = now
		timer.Reset(looking)
	}
}

func (v *Verifier) stood(s Span) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.standstills = append(v.standstills, s)
}

// Stood reports whether this machine stood still at some instant within a span.
func (v *Verifier) Stood(within Span) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.lost(within) > 0
}

// lost is for how long in all this machine stood still about a span. What several looks saw counts for each.
func (v *Verifier) lost(within Span) time.Duration {
	sum := time.Duration(0)
	for _, s := range v.standstills {
		if !s.To.Before(within.From) && !s.From.After(within.To) {
			sum += s.To.Sub(s.From)
		}
	}
	return sum
}

// reach is how long an attempt to sample that failed is felt, without any fault.
func (p Policy) reach() time.Duration { return p.MaxAge + p.Window + 2*p.Interval }

// unsteady reports whether an error may be due to a standstill alone, or to one and a fault together: no row of a matrix
// says what comes of both.
func (v *Verifier) unsteady(a Answer, due []*FaultWindow) bool {
	from := a.Asked
	for _, d := range due {
		if d.began.Before(from) {
			from = d.began
		}
	}
	return v.lost(Span{from.Add(-v.policy.reach()), a.Answered}) > 0
}

// wandered reports whether a standstill may have led the adapter to other servers than an object names, or led it from those
// to its own before it was sent there, within what a value was taken over.
func (v *Verifier) wandered(a Answer) bool {
	for _, d := range v.faults {
		if d.Wanders && d.affects(a.Object) && !d.began.After(a.Answered) && !d.over(a.Asked.Add(-v.policy.reach())) &&
			v.lost(Span{d.began, a.Answered}) > 0 {
			return true
		}
	}
	return false
}
