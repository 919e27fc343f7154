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
	// Network is the network between the adapter and a server.
	Network Scope = "Network"
	// Server is one Redis server.
	Server Scope = "Server"
	// Name is the host name in an object's address.
	Name Scope = "Host name"
	// Sentinel is a primary, its replica and their sentinels.
	Sentinel Scope = "Sentinel"
	// Cluster is a Redis Cluster.
	Cluster Scope = "Cluster"
	// Credentials are a server's users, and the Secret that an object names for them.
	Credentials Scope = "Credentials"
	// Replicas are a primary and its replica, which an object samples both.
	Replicas Scope = "Primary and replicas"
	// Replica is a replica that an object names.
	Replica Scope = "Replica"
	// ReportedInfo is what a server reports about itself.
	ReportedInfo Scope = "What a server reports"
	// Object is the Redis object in the API.
	Object Scope = "Object"
	// Delegate is another adapter, to which requests for other metrics are delegated.
	Delegate Scope = "Another adapter"
	// Plane is the control plane and the adapter, and with them all objects.
	Plane Scope = "Control plane and adapter"
)

// Scopes returns all scopes, in the order of the table.
func Scopes() []Scope {
	return []Scope{Network, Server, Name, Sentinel, Cluster, Replicas, Replica, ReportedInfo, Credentials, Object, Delegate, Plane}
}

// Relearning is within what time Kubernetes discovers again what was gone: the HPA
// controller reads discovery every 30 s, and the API server asks a metrics server that
// did not answer for its list again, after a time that doubles up to this.
// Sources: CreateControllerContext in Kubernetes'
// cmd/kube-controller-manager/app/controllermanager.go, discoveryRefreshInterval in
// kube-aggregator's handler_discovery.go.
const Relearning = time.Minute

// Exception is what is expected of some metrics, different from the others.
type Exception struct {
	// What describes these metrics in a few words.
	What string
	verifier.Behaviour
	Metrics []string
}

// except joins lists of metrics.
func except(what string, expected verifier.Behaviour, metrics ...[]string) Exception {
	return Exception{what, expected, slices.Concat(metrics...)}
}

// keyspace returns the built-in metrics of keys.
func keyspace() []string { return []string{verifier.Keys, "keyspace-keys", "expiring-keys-ratio"} }

// blurred returns by how much the built-in metrics of keys may be off.
func blurred(keys float64) map[string]float64 {
	return map[string]float64{verifier.Keys: keys, "keyspace-keys": keys, "expiring-keys-ratio": 1}
}

// Fault is one row of the matrix.
type Fault struct {
	// Name says what is wrong, in a few words, and is unique.
	Name string
	// How says how it is injected and repaired.
	How   string
	Scope Scope
	// Levels and Rates are what is expected of metrics of an instant and of a window during the
	// fault.
	Levels, Rates verifier.Behaviour
	// Except are metrics with another expectation.
	Except []Exception
	// Reasons are the reasons of errors once the last sample is too old. If empty, any reason
	// will do.
	Reasons []reason.Reason
	// Within is within how many intervals all is known again after the repair, or after the Secret is read
	// again.
	Within int
	// Rereads means that nothing is known again until the adapter has read the Secret again.
	Rereads bool
	// Blurs has by how much metrics may be off.
	Blurs map[string]float64
	// Needs reports whether a server can have it; nil means that each can.
	Needs func(redistest.Program) bool
	// Relearns means that the adapter may not learn of changes to objects before the
	// recovery, and that Kubernetes may read discovery while it is incomplete. It reads
	// it again within Relearning, and until then an HPA may not read its metric.
	Relearns bool
	// Brief means that it is over at once, or need not last.
	Brief bool
	// Lasts is how long it lasts, if the behaviours do not say. A short run leaves out such faults.
	Lasts time.Duration
	// Off is by how much the adapter's wall clock is off during the fault.
	Off time.Duration
	// Object is the only object that it affects, if that is not the subject's.
	Object string
	// OneReplica means that it affects only the first replica of the adapter.
	OneReplica bool
	// Deaf means that the first replica of the adapter receives no change of an object during the
	// fault.
	Deaf bool
	// Limits means that it limits resources of the adapter's process.
	Limits bool
	// Meanwhile says what is served during the fault, if the behaviours do not.
	Meanwhile string
	// Settles means that all is known again during the fault, as soon as after the
	// repair.
	Settles bool

	// inject breaks something, calls hold once, and repairs it.
	inject func(ctx context.Context, s *Subject, hold func()) error
}

// All returns all faults.
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

// Launched reports whether it requires an adapter that package launcher started, or Linux, as
// that does.
func (f Fault) Launched() bool { return f.Scope == Name || f.Off != 0 || f.Limits }

// Run injects the fault at a subject, holds it and repairs it. It returns the instant of the
// repair.
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

// Inject injects the fault at a subject, calls hold once, and repairs it.
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

// injecting returns a function that breaks something, holds that, and repairs it even if
// only a part was broken.
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

// Known returns within what time of the repair all is known again.
func (f Fault) Known(policy verifier.Policy) time.Duration {
	within := time.Duration(f.Within) * policy.Interval
	if f.Rereads {
		within += rereading
	}
	return within
}

// holds returns how long the fault lasts: until all has been unknown for two intervals, if it makes
// metrics unknown.
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
