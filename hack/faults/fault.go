package faults

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// Scope is what a fault affects.
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
	// Replicas are a primary and its replica, both of which an object samples.
	Replicas Scope = "Primary and replicas"
	// Replica is a replica that an object names.
	Replica Scope = "Replica"
	// ReportedInfo is what a server reports about itself.
	ReportedInfo Scope = "What a server reports"
	// Object is the Redis object in the API.
	Object Scope = "Object"
	// Delegate is another adapter, to which requests for metrics that are not of Redis
	// are delegated.
	Delegate Scope = "Another adapter"
	// Plane is the control plane and the adapter, and with them all objects.
	Plane Scope = "Control plane and adapter"
)

// Scopes returns all scopes, in the order of the table.
func Scopes() []Scope {
	return []Scope{Network, Server, Name, Sentinel, Cluster, Replicas, Replica, ReportedInfo, Credentials, Object, Delegate, Plane}
}

// Relearning is within what time Kubernetes finds again what was gone: the HPA
// controller looks for kinds every 30 s, and the API server asks a server of metrics
// that did not answer for its list again, after a while that doubles up to this.
// Sources: CreateControllerContext in Kubernetes'
// cmd/kube-controller-manager/app/controllermanager.go, discoveryRefreshInterval in
// kube-aggregator's handler_discovery.go.
const Relearning = time.Minute

// Exception is what is expected of some metrics, other than of the rest.
type Exception struct {
	// What says in a few words which they are.
	What string
	verifier.Behaviour
	Metrics []string
}

// except joins lists of metrics.
func except(what string, expected verifier.Behaviour, metrics ...[]string) Exception {
	return Exception{what, expected, slices.Concat(metrics...)}
}

// keyspace are the built-in metrics of keys.
func keyspace() []string { return []string{verifier.Keys, "keyspace-keys", "expiring-keys-ratio"} }

// blurred says by how much the built-in metrics of keys may be off.
func blurred(keys float64) map[string]float64 {
	return map[string]float64{verifier.Keys: keys, "keyspace-keys": keys, "expiring-keys-ratio": 1}
}

// Fault is one row of the matrix.
type Fault struct {
	// Name says what is wrong, in a few words that no other row has.
	Name string
	// How says how it is injected and repaired.
	How   string
	Scope Scope
	// Levels and Rates are what is expected of metrics of an instant and of a window while it lasts.
	Levels, Rates verifier.Behaviour
	// Except are metrics with another expectation.
	Except []Exception
	// Reasons are those that the errors give, once all that was known is too old. None is any.
	Reasons []reason.Reason
	// Within is after how many intervals all is known again once it is repaired, or the Secret is read again.
	Within int
	// Rereads means that nothing is known again before the adapter has read the Secret again.
	Rereads bool
	// Blurs says how far off metrics may be.
	Blurs map[string]float64
	// Needs reports whether a server can have it; nil where each can.
	Needs func(redistest.Program) bool
	// Relearns means that changes of objects may be heard of no sooner than that, and
	// that Kubernetes may look for kinds and metrics while they are not all there. It
	// looks again within Relearning, and until then an HPA may not read its metric.
	Relearns bool
	// Brief means that it is over at once, or that nothing needs it to last.
	Brief bool
	// Lasts is how long it lasts, where the behaviours do not say. A short run leaves such faults out.
	Lasts time.Duration
	// Off is by how much the adapter's wall clock is off while it lasts.
	Off time.Duration
	// Object is the one object that it affects, if that is not the subject's.
	Object string
	// OneReplica means that it affects the first replica of the adapter alone.
	OneReplica bool
	// Deaf means that the first replica of the adapter hears of no change of an object while it lasts.
	Deaf bool
	// Limits means that it limits what the adapter's process may use.
	Limits bool
	// Meanwhile says what is served while it lasts, where the behaviours do not.
	Meanwhile string
	// Settles means that all is known again while it lasts, as soon as after the repair.
	Settles bool

	// inject breaks something, calls hold once, and repairs it.
	inject func(ctx context.Context, s *Subject, hold func()) error
}

// All returns the matrix.
func All() []Fault {
	var all []Fault
	for _, rows := range [][]Fault{
		network(), servers(), errorsOfServers(), names(), sentinels(), clusters(), replicas(), reportedInfo(), secrets(), objects(), delegates(), planes(), partitions(), adapters(), clocks(),
	} {
		all = append(all, rows...)
	}
	return all
}

// ReplicaName returns the name of one of the adapter's two replicas.
func ReplicaName(number int) string { return fmt.Sprintf("%s-%d", cluster.AdapterName, number) }

// Launched means that it takes an adapter that package launcher started, or Linux, as that does.
func (f Fault) Launched() bool { return f.Scope == Name || f.Off != 0 || f.Limits }

// Run injects a fault at a subject, holds it and repairs it. It returns the instant of the repair.
func (f Fault) Run(ctx context.Context, s *Subject) (repaired time.Time, err error) {
	policy := s.Verifier.Policy()
	effect := verifier.Effect{
		Levels: f.Levels, Rates: f.Rates, Except: f.exceptions(), Blurs: f.Blurs,
		Within: f.Known(policy), Cut: f.Relearns || f.Deaf, Off: f.Off, Settles: f.Settles, Wanders: f.Scope == Name,
		Routed: f.Scope == Plane,
	}
	if f.OneReplica || f.Deaf || f.Off != 0 {
		effect.Replica = ReplicaName(0)
	}
	for _, reason := range f.Reasons {
		effect.Reasons = append(effect.Reasons, sentence(reason))
	}
	var affected []string
	if f.Scope != Plane {
		affected = []string{cmp.Or(f.Object, s.Object)}
	}
	d := s.Verifier.Begin(f.Name, effect, affected...)
	err = f.Inject(ctx, s, func() {
		d.Lasts()
		verifier.Sleep(ctx, f.holds(policy))
		d.Lifts()
	})
	return d.Repaired(), err
}

// Inject injects a fault at a subject, calls hold once while it lasts, and repairs it.
func (f Fault) Inject(ctx context.Context, s *Subject, hold func()) error {
	held := 0
	err := f.inject(ctx, s, func() {
		held++
		hold()
	})
	if err == nil && held != 1 {
		err = fmt.Errorf("it held %d times, want once", held)
	}
	if err != nil {
		err = fmt.Errorf("fault %q of %s: %w", f.Name, s.Object, err)
	}
	return err
}

// injecting breaks something, holds that, and repairs it even if not all of it was broken.
func injecting(breaks, repairs func(context.Context, *Subject) error) func(context.Context, *Subject, func()) error {
	return func(ctx context.Context, s *Subject, hold func()) error {
		err := breaks(ctx, s)
		hold()
		return errors.Join(err, repairs(ctx, s))
	}
}

func (f Fault) exceptions() map[string]verifier.Behaviour {
	all := map[string]verifier.Behaviour{}
	for _, e := range f.Except {
		for _, metric := range e.Metrics {
			all[metric] = e.Behaviour
		}
	}
	return all
}

// Known is after how long all is known again once it is repaired.
func (f Fault) Known(policy verifier.Policy) time.Duration {
	within := time.Duration(f.Within) * policy.Interval
	if f.Rereads {
		within += rereading
	}
	return within
}

// holds is how long the fault lasts: until all is unknown for two intervals, where it lets that happen.
func (f Fault) holds(policy verifier.Policy) time.Duration {
	switch {
	case f.Brief:
		return 0
	case f.Lasts > 0:
		return f.Lasts
	case f.Settles: // until all has been known for two intervals
		return f.Known(policy) + policy.Window + 2*policy.Interval
	case f.Levels == verifier.Holds || f.Rates == verifier.Holds:
		return policy.MaxAge + policy.Timeout + 2*policy.Interval
	}
	return 4 * policy.Interval
}
