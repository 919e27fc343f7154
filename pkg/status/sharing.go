package status

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// sharing remembers which objects have the adapter send commands for declared
// metrics to which server processes. Those commands are left out of
// requests-per-second of the object that declares the metrics, and count as
// requests in that of any other object that samples the same process.
type sharing struct {
	readers   map[string]map[types.NamespacedName]bool // by run_id
	processes map[types.NamespacedName][]string        // run_ids
}

func newSharing() sharing {
	return sharing{readers: map[string]map[types.NamespacedName]bool{}, processes: map[types.NamespacedName][]string{}}
}

// note takes in which processes an object reads now.
func (s *sharing) note(t *target.Target, h *history.History) {
	if !sendsCommands(t) {
		s.set(t.NamespacedName, nil)
		return
	}
	var processes []string
	for process := range processesOf(h) {
		processes = append(processes, process)
	}
	s.set(t.NamespacedName, processes)
}

func (s *sharing) set(name types.NamespacedName, processes []string) {
	before := s.processes[name]
	if slices.Equal(before, processes) {
		return
	}
	for _, process := range before {
		delete(s.readers[process], name)
		if len(s.readers[process]) == 0 {
			delete(s.readers, process)
		}
	}
	delete(s.processes, name)
	for _, process := range processes {
		process = strings.Clone(process) // it would keep the whole INFO in memory
		if s.readers[process] == nil {
			s.readers[process] = map[types.NamespacedName]bool{}
		}
		s.readers[process][name] = true
		s.processes[name] = append(s.processes[name], process)
	}
}

// hint says which other object reads a process that this one samples, empty if
// none does. It names an object of the same namespace only.
func (s *sharing) hint(name types.NamespacedName, h *history.History) string {
	if len(s.readers) == 0 {
		return ""
	}
	var here []string
	elsewhere := false
	for process := range processesOf(h) {
		for other := range s.readers[process] {
			switch {
			case other == name:
			case other.Namespace == name.Namespace:
				here = append(here, other.Name)
			default:
				elsewhere = true
			}
		}
	}
	switch {
	case len(here) > 0:
		return sharedWith("Redis object " + slices.Min(here))
	case elsewhere:
		return sharedWith("A Redis object of another namespace")
	}
	return ""
}

func sharedWith(other string) string {
	return fmt.Sprintf("%s samples the same server: the commands of its spec.metrics count in requests-per-second here, "+
		"unless a metric selector such as command notin (llen) leaves them out.", other)
}

// sendsCommands reports whether any declared metric needs more than INFO.
func sendsCommands(t *target.Target) bool {
	return slices.ContainsFunc(t.Declared, func(d target.Declared) bool {
		return d.Probe != nil && (len(d.Probe.Commands) > 0 || d.Probe.Kind == probe.Pass)
	})
}

// processesOf yields the run_id of each node that answered in the newest sample.
func processesOf(h *history.History) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		sample, _ := h.Newest()
		for i := range sample.Nodes {
			if sample.Nodes[i].Info == nil {
				continue
			}
			if id, err := sample.Nodes[i].Info.Name("run_id"); err == nil && !yield(id) {
				return
			}
		}
	}
}
