package catalog

import (
	"errors"
	"fmt"
	"maps"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/series"
)

var (
	errNodeBegan  = errors.New("a replica was added, restarted or answered too slowly, and a rate needs two samples since")
	errNodeSilent = errors.New("a replica that the metric selector asks for did not answer")
)

// counted are the nodes of a sample that a selector may ask for. A primary that
// did not answer is none, since the sample stands without it only where the
// object says so.
func counted(sample series.Sample, selector Selector) []series.Node {
	if selector == nil || selector.Empty() || !selector.Names(LabelRole) {
		return sample.Counted()
	}
	var nodes []series.Node
	for _, node := range sample.Nodes {
		if node.Info != nil || node.Replica {
			nodes = append(nodes, node)
		}
	}
	return nodes
}

// ofNodes joins the series of all nodes, and labels them where the selector picks some.
// A server that does not tell its role has no label of that.
func (m *Metric) ofNodes(sample series.Sample, q Query, of func(*series.Node) ([]Series, error)) ([]Series, error) {
	picks := q.picks()
	var all, chosen []Series
	nodes := counted(sample, q.Selector)
	for n := range nodes {
		node := &nodes[n]
		found, err := m.ofNode(node, of)
		if err != nil {
			return nil, err
		}
		if picks {
			label(found, node)
		}
		if all == nil {
			all = found
		} else {
			all = append(all, found...)
		}
	}
	for _, one := range all {
		if picks && q.Selector.Matches(one.Labels) {
			chosen = append(chosen, one)
		}
	}
	switch {
	case !picks:
		return all, nil
	case len(chosen) == 0:
		return nil, noSeries(m.Name, all)
	}
	return chosen, nil
}

// ofNode returns the series of one node. One without an answer has a series that has no value.
func (m *Metric) ofNode(node *series.Node, of func(*series.Node) ([]Series, error)) ([]Series, error) {
	switch {
	case node.Info == nil && !node.Replica && node.Err != nil:
		return nil, &ValueError{Metric: m.Name, Err: node.Err}
	case node.Info == nil && node.Err != nil:
		return []Series{{err: fmt.Errorf("%w: %w", errNodeSilent, node.Err)}}, nil
	case node.Info == nil:
		return []Series{{err: errNodeSilent}}, nil
	}
	found, err := of(node)
	if errors.Is(err, errNodeBegan) {
		return []Series{{err: err}}, nil
	}
	if _, errRole := Role(node.Info); !errors.Is(errRole, redisinfo.ErrAbsent) {
		err = errors.Join(err, errRole)
	}
	if err != nil && node.Shard != "" {
		err = fmt.Errorf("shard %s: %w", node.Shard, err)
	}
	if err != nil {
		return nil, &ValueError{Metric: m.Name, Err: err}
	}
	return found, nil
}

// label gives the series of a node the labels that all of them have.
func label(found []Series, node *series.Node) {
	labels := map[string]string{}
	if node.Info == nil {
		labels[LabelRole] = "replica" // no other node is kept without an answer
	} else if role, err := Role(node.Info); err == nil {
		labels[LabelRole] = role
	}
	if node.Name != "" {
		labels[LabelNode] = node.Name
	}
	if node.Shard != "" {
		labels[LabelShard] = node.Shard
	}
	for n := range found {
		if found[n].Labels == nil {
			found[n].Labels = make(map[string]string, len(labels))
		}
		maps.Copy(found[n].Labels, labels)
	}
}
