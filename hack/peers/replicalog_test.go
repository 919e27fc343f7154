package peers

import (
	"context"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
)

// replicaLog notes when each StatefulSet was scaled to what. It is safe for concurrent use.
type replicaLog struct {
	mu      sync.Mutex
	changes map[string][]scaling
}

type scaling struct {
	at       time.Time
	replicas int
}

// logReplicas watches the StatefulSets of a control plane until the test ends.
func logReplicas(b *testing.B, p *plane) *replicaLog {
	b.Helper()
	l := &replicaLog{changes: map[string][]scaling{}}
	factory := informers.NewSharedInformerFactoryWithOptions(p.client, 0, informers.WithNamespace(namespace))
	informer := factory.Apps().V1().StatefulSets().Informer()
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { l.note(object.(*appsv1.StatefulSet)) },
		UpdateFunc: func(_, object any) { l.note(object.(*appsv1.StatefulSet)) },
	})
	if err != nil {
		b.Fatal(err)
	}
	factory.StartWithContext(b.Context())
	b.Cleanup(factory.Shutdown)
	if !cache.WaitForCacheSync(b.Context().Done(), informer.HasSynced) {
		b.Fatal("the StatefulSets were not listed")
	}
	return l
}

func (l *replicaLog) note(set *appsv1.StatefulSet) {
	l.mu.Lock()
	defer l.mu.Unlock()
	changes, replicas := l.changes[set.Name], int(*set.Spec.Replicas)
	if len(changes) == 0 || changes[len(changes)-1].replicas != replicas {
		l.changes[set.Name] = append(changes, scaling{time.Now(), replicas})
	}
}

// await waits until a StatefulSet is scaled to so many replicas, and returns how long after an instant that was: zero if it
// was before.
func (l *replicaLog) await(ctx context.Context, name string, replicas int, since time.Time) (after time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, reacting)
	defer cancel()
	err = until(ctx, 50*time.Millisecond, func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		changes := l.changes[name]
		for i, change := range changes {
			last := i == len(changes)-1
			if change.replicas == replicas && (last || change.at.After(since)) {
				after = max(0, change.at.Sub(since))
				return true
			}
		}
		return false
	})
	return after, err
}

// lost returns how many replicas were removed within a span, though some may have come back.
func (l *replicaLog) lost(name string, from, to time.Time) (lost int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := 0
	for _, change := range l.changes[name] {
		if change.at.After(from) && change.at.Before(to) {
			lost += max(0, before-change.replicas)
		}
		before = change.replicas
	}
	return lost
}
