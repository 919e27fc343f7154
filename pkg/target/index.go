package target

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
)

// outOfTouch is how long the API server may be silent before objects may have changed.
// It leaves time to list them again.
const outOfTouch = 2 * time.Minute

// Index says from memory which targets exist. The zero Index is empty and ready for
// use. All methods are safe for concurrent use.
type Index struct {
	mu      sync.RWMutex
	targets []*Target // ordered by namespace and name
	byName  map[types.NamespacedName]*Target

	heard atomic.Pointer[time.Time] // when the API server last said something of them
}

// Current returns an error if the API server has been silent for so long that objects
// may have changed.
func (x *Index) Current() error {
	heard := x.heard.Load()
	if heard == nil {
		return nil // nothing is known that could have changed
	}
	silent := time.Since(*heard)
	if silent <= outOfTouch {
		return nil
	}
	return fmt.Errorf("this replica of the adapter has heard nothing of Redis objects from the API server for %s, so they may have changed: check that its pod reaches the API server",
		silent.Round(time.Second))
}

// Get returns the target of the Redis object with a name.
func (x *Index) Get(name types.NamespacedName) (*Target, bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	t, found := x.byName[name]
	return t, found
}

// Select returns the targets of a namespace whose labels match, ordered by namespace
// and name. The empty namespace means all.
func (x *Index) Select(namespace string, selector labels.Selector) []*Target {
	x.mu.RLock()
	defer x.mu.RUnlock()
	targets := x.targets
	if namespace != "" {
		first, _ := x.search(types.NamespacedName{Namespace: namespace})
		targets = targets[first:]
		if end := slices.IndexFunc(targets, func(t *Target) bool { return t.Namespace != namespace }); end >= 0 {
			targets = targets[:end]
		}
	}
	if selector.Empty() {
		return slices.Clone(targets)
	}
	var found []*Target
	for _, t := range targets {
		if selector.Matches(t.Labels) {
			found = append(found, t)
		}
	}
	return found
}

func (x *Index) set(t *Target) (before *Target) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.byName == nil {
		x.byName = map[types.NamespacedName]*Target{}
	}
	x.byName[t.NamespacedName] = t
	i, found := x.search(t.NamespacedName)
	if !found {
		x.targets = slices.Insert(x.targets, i, t)
		return nil
	}
	before, x.targets[i] = x.targets[i], t
	return before
}

func (x *Index) remove(name types.NamespacedName) (before *Target) {
	x.mu.Lock()
	defer x.mu.Unlock()
	i, found := x.search(name)
	if !found {
		return nil
	}
	before = x.targets[i]
	delete(x.byName, name)
	x.targets = slices.Delete(x.targets, i, i+1)
	return before
}

// search returns the index at which the target with a name is, or would be.
func (x *Index) search(name types.NamespacedName) (int, bool) {
	return slices.BinarySearchFunc(x.targets, name, func(t *Target, name types.NamespacedName) int {
		return cmp.Or(cmp.Compare(t.Namespace, name.Namespace), cmp.Compare(t.Name, name.Name))
	})
}
