package status

import (
	"slices"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// sharing records to which server processes the adapter sends commands for the declared
// metrics of which objects. These commands are left out of requests-per-second of the
// object that declares the metrics, but count as requests of any other object that
// samples the same process.
type sharing struct {
	mu        sync.Mutex
	senders   map[string]sets.Set[types.NamespacedName] // by run_id
	processes map[types.NamespacedName][]string         // run_ids
}

// note records the processes of an object, and returns a hint at another object that
// sends commands to one of them, empty if there is none. It names only objects of the
// same namespace.
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
		for sender := range s.senders[process] {
			switch {
			case sender == t.NamespacedName:
			case sender.Namespace != t.Namespace:
				elsewhere = true
			case here == "" || sender.Name < here:
				here = sender.Name
			}
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

// forget removes an object.
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
		if s.senders[process].Delete(name).Len() == 0 {
			delete(s.senders, process)
		}
	}
	delete(s.processes, name)
	for _, process := range processes {
		process = strings.Clone(process) // or it keeps all of the INFO in memory
		if s.senders[process] == nil {
			s.senders[process] = sets.New[types.NamespacedName]()
		}
		s.senders[process].Insert(name)
		s.processes[name] = append(s.processes[name], process)
	}
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
