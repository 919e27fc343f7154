package catalog

import (
	"errors"
	"fmt"
	"maps"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

var (
	errNodeBegan  = errors.New("a replica was added, restarted or answered too slowly, and a rate needs two samples since")
	errNodeSilent = errors.New("a replica that the metric selector asks for did not answer")
)

// counted returns the nodes of a sample that a selector may select. It leaves out
// primaries that did not answer: such a sample exists only if the object allows it. If
// no node has an INFO, it returns all.
func counted(sample history.Sample, selector Selector) []history.Node {
	if !selector.names(LabelRole) || sample.Nodes[0].Info == nil {
		return sample.Counted()
	}
	var nodes []history.Node
	for _, node := range sample.Nodes {
		if node.Info != nil || node.Replica {
			nodes = append(nodes, node)
		}
	}
	return nodes
}

// ofNodes returns the series of the nodes that a query selects. The selector first
// selects nodes, by its requirements on their labels, so nodes that it leaves out do
// not matter. Then it selects among their series.
func (m *Metric) ofNodes(sample history.Sample, q Query, of func(*history.Node) ([]Series, error)) ([]Series, error) {
	selector := q.Selector
	var chosen, others []Series
	var asked, zero bool
	nodes := counted(sample, selector)
	for i := range nodes {
		node := &nodes[i]
		if node.Info == nil && !node.Replica {
			return nil, ofShard(node, silence(node)) // without an INFO, it has no labels either
		}
		labels, err := labelsOf(node, selector)
		if err != nil {
			return nil, ofShard(node, err)
		}
		if !selector.matchesNode(labels) {
			others = append(others, Series{Labels: labels})
			continue
		}
		asked = true
		if node.Info == nil {
			return nil, ofShard(node, silence(node))
		}
		found, err := of(node)
		if err != nil {
			return nil, ofShard(node, err)
		}
		if selector.ofNodesAlone() {
			if chosen == nil {
				chosen = found // of most objects: they have one node
			} else {
				chosen = append(chosen, found...)
			}
			continue
		}
		before := len(chosen)
		for _, s := range found {
			if s.Labels == nil {
				s.Labels = make(map[string]string, len(labels))
			}
			maps.Copy(s.Labels, labels)
			if selector.matches(s.Labels) {
				chosen = append(chosen, s)
			} else {
				others = append(others, s)
			}
		}
		if len(chosen) == before {
			zero = zero || m.neverCounted(selector, labels)
			others = append(others, Series{Labels: labels})
		}
	}
	switch {
	case len(chosen) > 0 || zero || asked && selector.ofNodesAlone():
		return chosen, nil
	case !asked:
		return nil, noSeries(m.Name, others)
	}
	return nil, m.noSeries(others)
}

// neverCounted reports whether a selector selects a series of a node with these labels
// that the server does not report because it has counted nothing yet.
func (m *Metric) neverCounted(selector Selector, node map[string]string) bool {
	if m.never == nil {
		return false
	}
	const unnamed = "\x00" // stands for all values that the selector does not name
	own := m.Labels[0]
	labels := maps.Clone(node)
	for _, value := range append(selector.values(own), unnamed) {
		labels[own] = value
		if (value == unnamed || m.never(value)) && selector.matches(labels) {
			return true
		}
	}
	return false
}

// ofShard names a node by its shard. No error holds an address.
func ofShard(node *history.Node, err error) error {
	if node.Shard == "" {
		return err
	}
	return fmt.Errorf("shard %s: %w", node.Shard, err)
}

// silence returns why a node has no INFO.
func silence(node *history.Node) error {
	switch {
	case node.Err == nil:
		return errNodeSilent
	case node.Replica:
		return fmt.Errorf("a replica that the metric selector asks for is not sampled: %w", node.Err)
	}
	return node.Err
}

// roleOf returns the role of a node, empty if its server reports none, as with some
// providers.
func roleOf(node *history.Node) (string, error) {
	switch {
	case node.Info == nil && node.Replica:
		return "replica", nil
	case node.Info == nil:
		return "", nil
	}
	role, err := Role(node.Info)
	if errors.Is(err, redisinfo.ErrAbsent) {
		return "", nil
	}
	return role, err
}

// labelsOf returns the labels that all series of a node have, nil if the selector does
// not need them. It fails if the selector names the role and the node has none.
func labelsOf(node *history.Node, selector Selector) (map[string]string, error) {
	role, err := roleOf(node)
	if err != nil {
		return nil, err
	}
	if len(selector) == 0 {
		return nil, nil
	}
	labels := make(map[string]string, 4) // a series has one of its own, as a rule
	if role != "" {
		labels[LabelRole] = role
	} else if selector.names(LabelRole) {
		return nil, errors.New("the server does not report its role, so the metric selector cannot name it: leave role out")
	}
	if node.Name != "" {
		labels[LabelNode] = node.Name
	}
	if node.Shard != "" {
		labels[LabelShard] = node.Shard
	}
	return labels, nil
}
