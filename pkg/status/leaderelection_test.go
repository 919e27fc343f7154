package status

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	coordination "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// leases keeps one Lease for all replicas.
type leases struct {
	coordination.LeaseInterface
	mu    sync.Mutex
	lease *coordinationv1.Lease
	// away names a replica that the API server does not answer.
	away string
}

// replica is the client of one replica.
type replica struct {
	*leases
	name string
}

func (r *replica) Leases(string) coordination.LeaseInterface { return r }

func (r *replica) Get(context.Context, string, metav1.GetOptions) (*coordinationv1.Lease, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.away == r.name {
		return nil, errors.New("no answer")
	}
	if r.lease == nil {
		return nil, apierrors.NewNotFound(schema.GroupResource{Resource: "leases"}, "x")
	}
	return r.lease.DeepCopy(), nil
}

func (r *replica) Create(_ context.Context, lease *coordinationv1.Lease, _ metav1.CreateOptions) (*coordinationv1.Lease, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lease = lease.DeepCopy()
	return r.lease.DeepCopy(), nil
}

func (r *replica) Update(_ context.Context, lease *coordinationv1.Lease, _ metav1.UpdateOptions) (*coordinationv1.Lease, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.away == r.name {
		return nil, errors.New("no answer")
	}
	if r.lease.ResourceVersion != lease.ResourceVersion {
		return nil, apierrors.NewConflict(schema.GroupResource{Resource: "leases"}, "x", errors.New("changed"))
	}
	version, _ := strconv.Atoi(lease.ResourceVersion)
	r.lease = lease.DeepCopy()
	r.lease.ResourceVersion = strconv.Itoa(version + 1)
	return r.lease.DeepCopy(), nil
}

// start runs a Controller as a replica of that name.
func (l *leases) start(t *testing.T, c *Controller, name string) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		c.RunElected(ctx, &resourcelock.LeaseLock{
			LeaseMeta: metav1.ObjectMeta{Namespace: "ns", Name: "lease"}, Client: &replica{l, name}, LockConfig: resourcelock.ResourceLockConfig{Identity: name},
		})
	})
	return func() {
		cancel()
		running.Wait()
	}
}

func TestOneOfTwoLeads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		world, shared := newFixture(t), &leases{}
		a, b := world.newController(), world.newController()
		leaders := func() string {
			synctest.Wait()
			return map[bool]string{true: "a"}[a.term.Load() != nil] + map[bool]string{true: "b"}[b.term.Load() != nil]
		}
		stopA := shared.start(t, a, "a")
		pass(time.Second)
		stopB := shared.start(t, b, "b")
		pass(time.Minute)
		if got := leaders(); got != "a" {
			t.Errorf("%q leads, want a", got)
		}
		stopA()
		pass(2*retryPeriod + retryPeriod/2)
		if got := leaders(); got != "b" {
			t.Errorf("%q leads after a gave up, want b", got)
		}
		stopA = shared.start(t, a, "a")
		shared.mu.Lock()
		shared.away = "b"
		shared.mu.Unlock()
		pass(renewDeadline + retryPeriod)
		if got := leaders(); got == "b" {
			t.Error("b leads and cannot renew")
		}
		pass(leaseDuration)
		if got := leaders(); got != "a" {
			t.Errorf("%q leads after b lost the API server, want a", got)
		}
		shared.mu.Lock()
		shared.away = ""
		shared.mu.Unlock()
		stopA()
		pass(2 * leaseDuration)
		if got := leaders(); got != "b" {
			t.Errorf("%q leads after b came back, want b", got)
		}
		stopB()
		if got := leaders(); got != "" {
			t.Errorf("%q leads after the end", got)
		}
	})
}
