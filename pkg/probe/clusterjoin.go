package probe

import (
	"cmp"
	"errors"
	"slices"
)

// NodeResults are the Results of a Session at one node of a cluster, empty if it did
// not answer.
type NodeResults struct {
	// Node is the node's name, which never changes.
	Node    string
	Results []Result
}

// Join makes one Result for each probe from the results of several nodes. No two nodes
// answer for the same key. owner returns the index of the node that has a key, negative
// if none has it.
func (l *Plan) Join(nodes []NodeResults, owner func(key string) int) []Result {
	joined := make([]Result, len(l.probes))
	for n, p := range l.probes {
		if p.Key == "" {
			joined[n] = p.aggregate(nodes, n)
			continue
		}
		at := owner(p.Key)
		if at < 0 || at >= len(nodes) || n >= len(nodes[at].Results) {
			joined[n] = Result{Err: errNoOwner}
			continue
		}
		joined[n] = nodes[at].Results[n]
	}
	return joined
}

// errNoOwner is the error of a probe if no node that answered has its key.
var errNoOwner = errors.New("the shard that holds the key did not answer")

// aggregate combines the Results of all nodes for one probe. A Pass is as old as the oldest of
// them.
func (p *Probe) aggregate(nodes []NodeResults, place int) Result {
	var all Result
	var parts []part
	first := true
	for _, node := range nodes {
		if len(node.Results) == 0 {
			continue
		}
		result := node.Results[place]
		if result.Err != nil {
			return result
		}
		if p.Kind == Counter {
			parts = append(parts, part{node.Node, result.Value})
		}
		switch {
		case first:
			all, first = result, false
			continue
		case p.Aggregation == Max:
			all.Value = max(all.Value, result.Value)
		case p.Aggregation == Min:
			all.Value = min(all.Value, result.Value)
		default:
			all.Value += result.Value
		}
		if result.Began.Before(all.Began) {
			all.Began = result.Began
		}
		if result.Ended.Before(all.Ended) {
			all.Ended = result.Ended
		}
	}
	if len(parts) > 0 {
		slices.SortFunc(parts, func(a, b part) int { return cmp.Compare(a.node, b.node) })
		all.origin = &origin{parts: parts}
	}
	return p.checked(all)
}

// origin identifies what a counter was read from.
type origin struct {
	// stream distinguishes a stream from a later one of the same name.
	stream streamMark
	// parts are the counters of the nodes of a cluster, in the order of their names.
	parts []part
}

// part is the counter of one node.
type part struct {
	node  string
	value float64
}

// eachGrew reports whether two Results come from the same nodes, and no node's counter
// fell. In a sum, the growth of one could hide the fall of another.
func eachGrew(before, after Result) bool {
	return slices.EqualFunc(before.parts(), after.parts(), func(a, b part) bool {
		return a.node == b.node && a.value <= b.value
	})
}

func (r Result) parts() []part {
	if r.origin == nil {
		return nil
	}
	return r.origin.parts
}
