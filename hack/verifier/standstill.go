package verifier

import (
	"context"
	"sync"
	"time"
)

const (
	looking = 50 * time.Millisecond
	// hurried is how late a look may be before the adapter may have been so late that an attempt to sample failed, or
	// has no rate.
	hurried = 200 * time.Millisecond
	// slowed is how late several successive looks may be in all before that. An attempt takes several turns of several
	// processes, and on an overloaded machine each is late.
	several, slowed = 10, 400 * time.Millisecond
)

// Watch watches this machine until ctx ends, and records when it stood still: if a hypervisor gives a processor to
// others for a while, what runs there stops, which cannot be distinguished from a fault. It watches each processor
// separately, and asks a bystander, which no fault affects, for an answer that takes no time.
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

// lost returns for how long this machine stood still around a span, added up over all looks.
func (v *Verifier) lost(within Span) time.Duration {
	sum := time.Duration(0)
	for _, s := range v.standstills {
		if !s.To.Before(within.From) && !s.From.After(within.To) {
			sum += s.To.Sub(s.From)
		}
	}
	return sum
}

// reach returns how long a failed attempt to sample has an effect, without any fault.
func (p Policy) reach() time.Duration { return p.MaxAge + p.Window + 2*p.Interval }

// unsteady reports whether an error may be due to a standstill, alone or together with a fault. No expectation covers
// both together.
func (v *Verifier) unsteady(a Answer, due []*FaultWindow) bool {
	from := a.Asked
	for _, d := range due {
		if d.began.Before(from) {
			from = d.began
		}
	}
	return v.lost(Span{from.Add(-v.policy.reach()), a.Answered}) > 0
}

// wandered reports whether, within the window of a value, a standstill may have made the adapter connect to servers
// other than an object names, or return to them early.
func (v *Verifier) wandered(a Answer) bool {
	for _, d := range v.faults {
		if d.Wanders && d.affects(a.Object) && !d.began.After(a.Answered) && !d.over(a.Asked.Add(-v.policy.reach())) &&
			v.lost(Span{d.began, a.Answered}) > 0 {
			return true
		}
	}
	return false
}
