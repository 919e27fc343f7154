package faults

import (
	"context"
	"fmt"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/hack/ledger"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/sampler"
)

// Scope is what a fault befalls.
type Scope string

const (
	// Network is the way from the adapter to a server.
	Network Scope = "Network"
	// Server is one Redis server.
	Server Scope = "Server"
	// Name is the host name by which an object names its server.
	Name Scope = "Host name"
	// Sentinel is a primary, its replica and their sentinels.
	Sentinel Scope = "Sentinel"
	// Cluster is a Redis Cluster.
	Cluster Scope = "Cluster"
	// Credentials are a server's users, and the Secret that an object names for them.
	Credentials Scope = "Credentials"
	// Object is the Redis object in the API.
	Object Scope = "Object"
	// Plane is the control plane and the adapter, and with them all objects.
	Plane Scope = "Control plane and adapter"
)

// Scopes returns all scopes, in the order of the table.
func Scopes() []Scope {
	return []Scope{Network, Server, Name, Sentinel, Cluster, Credentials, Object, Plane}
}

// Relearning is how often the HPA controller looks for kinds.
// Source: CreateControllerContext in Kubernetes' cmd/kube-controller-manager/app/controllermanager.go.
const Relearning = 30 * time.Second

// Fault is one row of the matrix.
type Fault struct {
	// Name says what is wrong, in a few words that no other row has.
	Name string
	// How says how it is injected and repaired.
	How   string
	Scope Scope
	// Levels and Rates are what is expected of metrics of an instant and of a window while it lasts.
	Levels, Rates ledger.Behaviour
	// Except names the metrics of which something else is expected.
	Except map[string]ledger.Behaviour
	// Reasons are those that the errors give, once all that was known is too old. None is any.
	Reasons []sampler.Reason
	// Within is after how many intervals all is known again once it is repaired, or the Secret is read again.
	Within int
	// Rereads tells that nothing is known again before the adapter has read the Secret again.
	Rereads bool
	// Blurs tells of metrics how far off they may be.
	Blurs map[string]float64
	// Relearns tells that changes of objects may be heard of no sooner than that, and that the HPA controller may look for kinds while the API server knows few of them. It looks again
	// after Relearning only, and until then an HPA may not read its metric.
	Relearns bool
	// Brief tells that it is over at once, or that nothing needs it to last.
	Brief bool
	// Off is by how much the adapter's wall clock is off while it lasts.
	Off time.Duration
	// Settles tells that all is known again while it lasts, as soon as after the repair.
	Settles bool

	// inject breaks something, calls hold once, and repairs it.
	inject func(ctx context.Context, s *Subject, hold func()) error
}

// All returns the matrix.
func All() []Fault {
	var all []Fault
	for _, rows := range [][]Fault{
		network(), servers(), errorsOfServers(), names(), sentinels(), clusters(), secrets(), objects(), planes(), adapters(), clocks(),
	} {
		all = append(all, rows...)
	}
	return all
}

// Launched tells that it takes an adapter that package launcher started.
func (f Fault) Launched() bool { return f.Scope == Name || f.Off != 0 }

// Run injects a fault at a subject, holds it and repairs it. It returns the instant of the repair.
func (f Fault) Run(ctx context.Context, s *Subject) (repaired time.Time, err error) {
	policy := s.Ledger.Policy()
	effect := ledger.Effect{
		Levels: f.Levels, Rates: f.Rates, Except: f.Except, Blurs: f.Blurs,
		Within: f.Known(policy), Cut: f.Relearns, Off: f.Off, Settles: f.Settles, Wanders: f.Scope == Name,
	}
	for _, reason := range f.Reasons {
		effect.Reasons = append(effect.Reasons, sentence(reason))
	}
	var befallen []string
	if f.Scope != Plane {
		befallen = []string{s.Object}
	}
	d := s.Ledger.Begin(f.Name, effect, befallen...)
	held := 0
	err = f.inject(ctx, s, func() {
		held++
		d.Lasts()
		s.wait(ctx, f.holds(policy))
		d.Lifts()
	})
	repaired = d.Repaired()
	if err == nil && held != 1 {
		err = fmt.Errorf("it held %d times, want once", held)
	}
	if err != nil {
		err = fmt.Errorf("fault %q of %s: %w", f.Name, s.Object, err)
	}
	return repaired, err
}

// Known is after how long all is known again once it is repaired.
func (f Fault) Known(policy ledger.Policy) time.Duration {
	within := time.Duration(f.Within) * policy.Interval
	if f.Rereads {
		within += rereading
	}
	return within
}

// holds is how long the fault lasts: until all is unknown for two intervals, where it lets that happen.
func (f Fault) holds(policy ledger.Policy) time.Duration {
	switch {
	case f.Brief:
		return 0
	case f.Settles: // until all has been known for two intervals
		return f.Known(policy) + policy.Window + 2*policy.Interval
	case f.Levels == ledger.Holds || f.Rates == ledger.Holds:
		return policy.MaxAge + policy.Timeout + 2*policy.Interval
	}
	return 4 * policy.Interval
}
