package target

import (
	"sync"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
)

// Index answers from memory which targets exist. The zero Index is empty and
// ready for use; all methods are safe for concurrent use.
type Index struct {
	mu          sync.RWMutex
	byNamespace map[string]map[string]*Target
}

// Get returns the target of the Redis object of that name.
func (x *Index) Get(name types.NamespacedName) (*Target, bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	t, ok := x.byNamespace[name.Namespace][name.Name]
	return t, ok
}

// Select returns, in no order, the targets of a namespace whose objects' labels
// match. The empty namespace means all of them.
func (x *Index) Select(namespace string, selector labels.Selector) []*Target {
	x.mu.RLock()
	defer x.mu.RUnlock()
	var found []*Target
	add := func(targets map[string]*Target) {
		for _, t := range targets {
			if selector.Matches(t.Labels) {
				found = append(found, t)
			}
		}
	}
	if namespace != "" {
		add(x.byNamespace[namespace])
		return found
	}
	for _, targets := range x.byNamespace {
		add(targets)
	}
	return found
}

func (x *Index) set(t *Target) (before *Target) {
	x.mu.Lock()
	defer x.mu.Unlock()
	targets := x.byNamespace[t.Namespace]
	if targets == nil {
		targets = map[string]*Target{}
		if x.byNamespace == nil {
			x.byNamespace = map[string]map[string]*Target{}
		}
		x.byNamespace[t.Namespace] = targets
	}
	before = targets[t.Name]
	targets[t.Name] = t
	return before
}

func (x *Index) remove(name types.NamespacedName) (before *Target) {
	x.mu.Lock()
	defer x.mu.Unlock()
	targets := x.byNamespace[name.Namespace]
	before = targets[name.Name]
	delete(targets, name.Name)
	if len(targets) == 0 {
		delete(x.byNamespace, name.Namespace)
	}
	return before
}
