package probe

import (
	"cmp"
	"errors"
	"slices"
)

// NodeResults are the Results of a Session at one node of a cluster, none if it did
// not answer.
type NodeResults struct {
	// Node is the node's name, which stays as long as the node does.
	Node    string
	Results []Result
}

// Join makes one Result for each probe from the results of several nodes. No two
// nodes answer for the same key. The owner of a key is the place of
// its node, negative if no node has it.
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

// errNoOwner is the Result of a probe whose key no node that answered has.
var errNoOwner = errors.New("the shard that holds the key did not answer")

// aggregate makes one Result of those of all nodes at one place. A Pass is as old as the oldest.
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

// origin is what a counter was read from, beside its number.
type origin struct {
	// stream tells one stream from another that took its name.
	stream streamMark
	// parts are the counters of the nodes of a cluster, in the order of their names.
	parts []part
}

// part is the counter of one node.
type part struct {
	node  string
	value float64
}

// eachGrew reports whether two Results come from the same nodes, and no node's
// counter fell: the growth of one would hide the fall of another in their sum.
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
