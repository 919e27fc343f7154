package topology

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/poller"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// cluster is the primaries of a Redis Cluster that own slots, and their replicas if the
// object asks for them. Each attempt asks each primary which shards it sees. A sample
// is valid only if all that answer see the same shards.
type cluster struct {
	target *target.Target
	// shards is the newest view that most nodes shared, nil before the first.
	shards []poller.Shard
	// moved is when slots were last seen at a primary other than before, or on their
	// way to one.
	moved      time.Time
	migrations migrations
}

func (c *cluster) endpoints(context.Context) ([]endpoint, error) {
	var endpoints []endpoint
	for i, shard := range c.shards {
		endpoints = append(endpoints, endpoint{
			address: shard.Primary.Address, name: shard.Primary.ID, shard: strconv.Itoa(i),
			request: poller.Request{Declared: true, HasKey: shard.Has, Cluster: true, Shards: true},
		})
	}
	for i, shard := range c.shards {
		for _, replica := range shard.Replicas {
			if c.target.Replicas {
				endpoints = append(endpoints, endpoint{
					address: replica.Address, name: replica.ID, shard: strconv.Itoa(i), replica: true, request: poller.Request{Cluster: true},
				})
			}
		}
	}
	if len(endpoints) > 0 {
		return endpoints, nil
	}
	for _, seed := range slices.Compact(slices.Sorted(slices.Values(c.target.Cluster.Addresses))) {
		endpoints = append(endpoints, endpoint{address: seed, request: poller.Request{Cluster: true, Shards: true}})
	}
	return endpoints, nil
}

func (c *cluster) assemble(asked []endpoint, results []result) (history.Sample, error) {
	seen, agreed := common(results)
	if seen == nil {
		c.shards = nil // the seeds may know where the nodes went
		return history.Sample{}, firstFailure(results)
	}
	if poller.CountNodes(seen) > poller.MaxNodes {
		c.shards = nil
		return history.Sample{}, &reason.Error{Reason: reason.TooManyNodes}
	}
	known := c.shards
	c.shards = seen
	if !sameSlots(known, seen) {
		c.moved = time.Now()
	}
	switch {
	case !sameNodes(known, seen, c.target.Replicas):
		return history.Sample{}, errTopologyChanged
	case !agreed:
		return history.Sample{}, &reason.Error{Reason: reason.TopologyUnsettled}
	case !poller.Covered(seen) && !c.target.Cluster.AllowPartial:
		return history.Sample{}, &reason.Error{Reason: reason.SlotsUncovered}
	}
	if err := confirm(asked, results); err != nil {
		return history.Sample{}, err
	}
	primaries := len(seen)
	found := make([]history.Node, len(asked))
	answering := 0
	for n := range asked {
		found[n] = describe(asked[n], results[n])
		switch {
		case n >= primaries:
		case results[n].err != nil && !c.target.Cluster.AllowPartial:
			return history.Sample{}, &reason.Error{Reason: reason.ShardUnavailable, Cause: results[n].err}
		case results[n].err != nil:
		case found[n].Replica:
			return history.Sample{}, &reason.Error{Reason: reason.TopologyUnsettled}
		default:
			answering++
		}
	}
	if answering == 0 {
		return history.Sample{}, firstFailure(results)
	}
	if c.migrations.note(found, primaries) {
		c.moved = time.Now()
	}
	return history.NewSample(c.probed(known, results[:primaries]), found...), nil
}

func (c *cluster) close() {}

// probed joins the primaries' results for each declared probe. A pass over the keys of
// all nodes during which slots moved may have counted keys twice.
func (c *cluster) probed(shards []poller.Shard, primaries []result) []probe.Result {
	if c.target.Probes == nil {
		return nil
	}
	results := make([]probe.NodeResults, len(primaries))
	for n, one := range primaries {
		results[n] = probe.NodeResults{Node: shards[n].Primary.ID, Results: one.Probed}
	}
	joined := c.target.Probes.Join(results, func(key string) int {
		return slices.IndexFunc(shards, func(s poller.Shard) bool { return s.Has(key) })
	})
	for n, one := range joined {
		if !one.Began.IsZero() && one.Began.Before(c.moved) {
			joined[n] = probe.Result{Err: probe.ErrNoScan}
		}
	}
	return joined
}

func firstFailure(results []result) error {
	n := slices.IndexFunc(results, func(one result) bool { return one.err != nil })
	if n < 0 {
		return &reason.Error{Reason: reason.TopologyUnsettled}
	}
	return results[n].err
}
