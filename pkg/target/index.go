package target

import (
	"cmp"
	"maps"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
)

// Index answers from memory which targets exist. The zero Index is empty and
// ready for use; all methods are safe for concurrent use.
type Index struct {
	mu          sync.RWMutex
	byNamespace map[string]*members
}

// members are the targets of one namespace. They are kept in order, since putting
// thousands in order takes longer than reading the values that they are asked for.
type members struct {
	byName  map[string]*Target
	inOrder []*Target
}

// Get returns the target of the Redis object of that name.
func (x *Index) Get(name types.NamespacedName) (*Target, bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	m := x.byNamespace[name.Namespace]
	if m == nil {
		return nil, false
	}
	t, ok := m.byName[name.Name]
	return t, ok
}

// Select returns, ordered by namespace and name, the targets of a namespace whose
// objects' labels match. The empty namespace means all of them.
func (x *Index) Select(namespace string, selector labels.Selector) []*Target {
	x.mu.RLock()
	defer x.mu.RUnlock()
	var found []*Target
	add := func(m *members) {
		if selector.Empty() {
			found = append(found, m.inOrder...)
			return
		}
		for _, t := range m.inOrder {
			if selector.Matches(t.Labels) {
				found = append(found, t)
			}
		}
	}
	if namespace != "" {
		if m := x.byNamespace[namespace]; m != nil {
			add(m)
		}
		return found
	}
	for _, namespace := range slices.Sorted(maps.Keys(x.byNamespace)) {
		add(x.byNamespace[namespace])
	}
	return found
}

func (x *Index) set(t *Target) (before *Target) {
	x.mu.Lock()
	defer x.mu.Unlock()
	m := x.byNamespace[t.Namespace]
	if m == nil {
		m = &members{byName: map[string]*Target{}}
		if x.byNamespace == nil {
			x.byNamespace = map[string]*members{}
		}
		x.byNamespace[t.Namespace] = m
	}
	before = m.byName[t.Name]
	m.byName[t.Name] = t
	if place, known := m.place(t.Name); known {
		m.inOrder[place] = t
	} else {
		m.inOrder = slices.Insert(m.inOrder, place, t)
	}
	return before
}

func (x *Index) remove(name types.NamespacedName) (before *Target) {
	x.mu.Lock()
	defer x.mu.Unlock()
	m := x.byNamespace[name.Namespace]
	if m == nil {
		return nil
	}
	before = m.byName[name.Name]
	if place, known := m.place(name.Name); known {
		m.inOrder = slices.Delete(m.inOrder, place, place+1)
	}
	delete(m.byName, name.Name)
	if len(m.byName) == 0 {
		delete(x.byNamespace, name.Namespace)
	}
	return before
}

// place returns where a target of that name is in the order, or would be.
func (m *members) place(name string) (int, bool) {
	return slices.BinarySearchFunc(m.inOrder, name, func(t *Target, name string) int { return cmp.Compare(t.Name, name) })
}
