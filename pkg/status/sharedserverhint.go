package status

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/types"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// sharing knows which objects have the adapter send commands for declared metrics to
// which server processes. Those commands are left out of requests-per-second of the
// object that declares the metrics, but count as requests in that of any other object
// that samples the same process.
type sharing struct {
	mu        sync.Mutex
	senders   map[string][]types.NamespacedName // by run_id, sorted
	processes map[types.NamespacedName][]string // run_ids
}

func newSharing() *sharing {
	return &sharing{senders: map[string][]types.NamespacedName{}, processes: map[types.NamespacedName][]string{}}
}

// note takes in the processes of an object, and returns a hint at another object that
// sends commands to one of them, empty if there is none. It names objects of the same
// namespace only.
func (s *sharing) note(t *target.Target, h *history.History) string {
	sends := sendsCommands(t)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !sends && len(s.senders) == 0 { // as is usual
		return ""
	}
	processes := runIDs(h)
	if sends {
		s.set(t.NamespacedName, processes)
	} else {
		s.set(t.NamespacedName, nil)
	}
	here, elsewhere := "", false
	for _, process := range processes {
		senders := s.senders[process]
		if len(senders) == 0 {
			continue
		}
		elsewhere = elsewhere || senders[0].Namespace != t.Namespace || senders[len(senders)-1].Namespace != t.Namespace
		i, _ := slices.BinarySearchFunc(senders, types.NamespacedName{Namespace: t.Namespace}, byName)
		if i < len(senders) && senders[i] == t.NamespacedName {
			i++
		}
		if i < len(senders) && senders[i].Namespace == t.Namespace && (here == "" || senders[i].Name < here) {
			here = senders[i].Name
		}
	}
	const effect = " samples the same server. The commands of its spec.metrics count as requests here, " +
		"unless a metric selector such as command notin (llen) excludes them."
	switch {
	case here != "":
		return "Redis object " + here + effect
	case elsewhere:
		return "A Redis object of another namespace" + effect
	}
	return ""
}

// forget takes in that an object is gone.
func (s *sharing) forget(name types.NamespacedName) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.set(name, nil)
}

// set replaces the processes to which an object sends commands. The caller holds the lock.
func (s *sharing) set(name types.NamespacedName, processes []string) {
	before := s.processes[name]
	if slices.Equal(before, processes) {
		return
	}
	for _, process := range before {
		senders := s.senders[process]
		if i, found := slices.BinarySearchFunc(senders, name, byName); found {
			s.senders[process] = slices.Delete(senders, i, i+1)
		}
		if len(s.senders[process]) == 0 {
			delete(s.senders, process)
		}
	}
	delete(s.processes, name)
	for _, process := range processes {
		process = strings.Clone(process) // or it keeps all of the INFO in memory
		if i, found := slices.BinarySearchFunc(s.senders[process], name, byName); !found {
			s.senders[process] = slices.Insert(s.senders[process], i, name)
		}
		s.processes[name] = append(s.processes[name], process)
	}
}

func byName(a, b types.NamespacedName) int {
	return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name))
}

// sendsCommands reports whether any declared metric needs more than INFO.
func sendsCommands(t *target.Target) bool {
	return slices.ContainsFunc(t.Declared, func(d target.Declared) bool {
		return d.Probe != nil && (len(d.Probe.Commands) > 0 || d.Probe.Kind == probe.Pass)
	})
}

// runIDs returns the run_id of each node that answered in the newest sample.
func runIDs(h *history.History) []string {
	sample, _ := h.Newest()
	var ids []string
	for i := range sample.Nodes {
		if info := sample.Nodes[i].Info; info != nil {
			if id, err := info.Name("run_id"); err == nil {
				ids = append(ids, id)
			}
		}
	}
	return ids
}
