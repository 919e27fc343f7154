package verifier

import (
	"slices"
	"time"
)

// Behaviour is what is expected of a metric while a fault lasts.
type Behaviour int

const (
	// Serves means that the metric stays known, and true.
	Serves Behaviour = iota
	// Holds means that what was known is served until it is older than maxAge, and an error after that. No sample is
	// taken meanwhile.
	Holds
	// Renews means that the metric may be unknown for a while: a rate needs two samples again.
	Renews
	// Refuses means that the metric is an error, from the next sample on at the latest.
	Refuses
	// Permits means that the metric is served or an error: the adapter may have to ask first, and cannot.
	Permits
)

// Effect is what is expected of a fault.
type Effect struct {
	// Levels and Rates are what is expected of metrics of one instant, and of those of a window.
	Levels, Rates Behaviour
	// Except names the metrics with another expectation.
	Except map[string]Behaviour
	// Reasons are texts; each error holds one of them once all that was known is too old. Without any, all errors do.
	Reasons []string
	// Within is after how long all is known again once the fault is repaired.
	Within time.Duration
	// Cut means that the adapter may not hear of changes of objects until Within after the repair. It serves what an
	// object said last until then.
	Cut bool
	// Blurs says how far off metrics may be: keys that move are counted at both ends for a moment.
	Blurs map[string]float64
	// Off is by how much the adapter's wall clock is off while it lasts, and with it the instants that it states.
	Off time.Duration
	// Wanders means that a connection which is lost leads to other servers: where this machine stood still, which may end
	// one, it is unknown which servers a value is of.
	Wanders bool
	// Settles means that all is known again Within of the injection as well, while it lasts.
	Settles bool
	// Routed means that what is Refused may be served by a replica of the adapter that is asked itself.
	Routed bool
	// Replica is the one replica of the adapter whose clock is off, or that does not hear of changes. Empty means all.
	Replica string
}

// reaches reports whether a replica of the adapter is affected: each may be the one that the API server chose.
func (e Effect) reaches(replica string) bool {
	return e.Replica == "" || replica == "" || e.Replica == replica
}

func (e Effect) on(a Answer) Behaviour {
	if b, ok := e.Except[a.Metric]; ok {
		return b
	}
	if a.windowed() {
		return e.Rates
	}
	return e.Levels
}

// FaultWindow is one fault, from before its injection until after its repair. Its methods are called in turn.
type FaultWindow struct {
	Effect
	// Fault names its kind.
	Fault string
	// Objects are those that it affects, none for all.
	Objects []string

	verifier *Verifier
	// began is before the injection, lasting after it; lifted is before the repair, and repaired after it.
	began, lasting, lifted, repaired time.Time
}

// Began is the instant before the injection.
func (d *FaultWindow) Began() time.Time { return d.began }

// Lasts says that the fault is injected.
func (d *FaultWindow) Lasts() { d.note(&d.lasting) }

// Lifts says that the repair begins.
func (d *FaultWindow) Lifts() { d.note(&d.lifted) }

// Repaired says that all is as it was, and returns when that was.
func (d *FaultWindow) Repaired() time.Time { return d.note(&d.repaired) }

func (d *FaultWindow) note(at *time.Time) time.Time {
	d.verifier.mu.Lock()
	defer d.verifier.mu.Unlock()
	*at = time.Now()
	return *at
}

func (d *FaultWindow) affects(object string) bool {
	return len(d.Objects) == 0 || slices.Contains(d.Objects, object)
}

// over reports whether nothing that was asked since an instant is due to it.
func (d *FaultWindow) over(asked time.Time) bool {
	return !d.repaired.IsZero() && asked.After(d.repaired.Add(d.Within))
}

// touches reports whether an answer may be due to it. An attempt to sample that failed leaves open how many of its commands
// were executed, and a rate that would reach over it is not served: it is known again a window later. What is Calm is
// changed by a fault even while it is served, and may be of a sample of that time.
func (d *FaultWindow) touches(a Answer) bool {
	asked, calm := a.Asked, a.expected.Calm
	if a.windowed() && (calm || d.on(a) != Serves) {
		asked = asked.Add(-d.verifier.policy.Window)
	}
	if calm {
		asked = asked.Add(-d.verifier.policy.MaxAge)
	}
	return d.affects(a.Object) && !d.began.After(a.Answered) && !d.over(asked)
}

// settled reports whether an answer came while the fault lasted, and all had to be known again. A rate is a window later.
func (d *FaultWindow) settled(a Answer) bool {
	after := d.Within + margin
	if a.windowed() {
		after += d.verifier.policy.Window
	}
	return d.Settles && d.covers(Span{a.Asked, a.Answered}, after)
}

// meets reports whether a span has an instant in common with the time from before the injection until after the repair.
func (d *FaultWindow) meets(s Span) bool {
	return !s.To.Before(d.began) && (d.repaired.IsZero() || !s.From.After(d.repaired))
}

// covers reports whether a span lies wholly within the time that the fault lasted, less a margin at its begin.
func (d *FaultWindow) covers(s Span, margin time.Duration) bool {
	return !d.lasting.IsZero() && s.From.After(d.lasting.Add(margin)) && (d.lifted.IsZero() || s.To.Before(d.lifted))
}
