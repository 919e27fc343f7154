package verifier

import (
	"slices"
	"time"
)

// Behaviour is what is expected of a metric during a fault.
type Behaviour int

const (
	// Serves means that the metric stays known and true.
	Serves Behaviour = iota
	// Holds means that the last value is served until it is older than maxAge, and then an error. No sample is taken
	// meanwhile.
	Holds
	// Renews means that the metric may be unknown for a while. A rate needs two samples again.
	Renews
	// Refuses means that the metric is an error, at the latest from the next sample.
	Refuses
	// Permits means that the metric is served or an error, because the adapter may have to ask the API
	// server, and cannot.
	Permits
)

// Effect is what is expected of a fault.
type Effect struct {
	// Levels and Rates are what is expected of metrics of one instant and of a window.
	Levels, Rates Behaviour
	// Except names the metrics with another expectation.
	Except map[string]Behaviour
	// Reasons are texts. Each error contains one once the last sample is too old. If empty, any error will
	// do.
	Reasons []string
	// Within is within what time of the repair all is known again.
	Within time.Duration
	// Cut means that the adapter may not learn of changes to objects until Within after the repair. Until then it
	// serves metrics of the last spec that it knows.
	Cut bool
	// Blurs has by how much metrics may be off, because keys that move are counted at both ends
	// for a moment.
	Blurs map[string]float64
	// Off is by how much the adapter's wall clock, and so the instants that it states, are off during the fault.
	Off time.Duration
	// Wanders means that new connections lead to other servers. If this machine stood still, a connection may have been
	// lost, so it is unknown from which servers a value comes.
	Wanders bool
	// Settles means that all is known again Within the same time of the injection, during
	// the fault.
	Settles bool
	// Routed means that a replica of the adapter that is asked directly may serve what is Refused.
	Routed bool
	// Replica is the replica of the adapter whose clock is off, or that does not learn of changes. Empty means all.
	Replica string
}

// reaches reports whether a replica of the adapter is affected. If the API server chose the replica, it may be
// any.
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

// FaultWindow is one fault, from before its injection until after its repair. Call its methods in order.
type FaultWindow struct {
	Effect
	// Fault names its kind.
	Fault string
	// Objects are the objects that it affects; empty means all.
	Objects []string

	verifier *Verifier
	// began is before the injection, lasting after it; lifted is before the repair, and repaired after it.
	began, lasting, lifted, repaired time.Time
}

// Began is the instant before the injection.
func (d *FaultWindow) Began() time.Time { return d.began }

// Lasts records that the fault is injected.
func (d *FaultWindow) Lasts() { d.note(&d.lasting) }

// Lifts records that the repair begins.
func (d *FaultWindow) Lifts() { d.note(&d.lifted) }

// Repaired records that the repair is complete, and returns the instant.
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

// over reports whether the fault affects no answer since an instant.
func (d *FaultWindow) over(asked time.Time) bool {
	return !d.repaired.IsZero() && asked.After(d.repaired.Add(d.Within))
}

// touches reports whether an answer may be due to the fault. After a failed attempt to sample, it is unknown how many
// of its commands were executed, so no rate spans it, and rates are known again a window later. A fault changes what is
// Calm even while it is served, and its sample may be of that time.
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

// settled reports whether an answer came during the fault, when all had to be known again, or a rate a window later.
func (d *FaultWindow) settled(a Answer) bool {
	after := d.Within + margin
	if a.windowed() {
		after += d.verifier.policy.Window
	}
	return d.Settles && d.covers(Span{a.Asked, a.Answered}, after)
}

// meets reports whether a span overlaps the time from before the injection until after the repair.
func (d *FaultWindow) meets(s Span) bool {
	return !s.To.Before(d.began) && (d.repaired.IsZero() || !s.From.After(d.repaired))
}

// covers reports whether a span lies completely within the fault, minus a margin at its beginning.
func (d *FaultWindow) covers(s Span, margin time.Duration) bool {
	return !d.lasting.IsZero() && s.From.After(d.lasting.Add(margin)) && (d.lifted.IsZero() || s.To.Before(d.lifted))
}
