package sampler

import (
	"context"
	"crypto/sha256"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// cluster is the primaries of a Redis Cluster that own slots, and their replicas
// where the object asks for them. Each attempt asks each primary for the shards
// that it sees: a sample stands only if all that answer see the same ones.
type cluster struct {
	target *target.Target
	// shards are those of the newest view that most nodes had, nil before the first.
	shards []shard
	// moved is when slots were last seen at another primary than before, or on
	// their way to one.
	moved      time.Time
	migrations migrations
}

func (c *cluster) endpoints(context.Context) ([]endpoint, error) {
	var endpoints []endpoint
	for n, one := range c.shards {
		endpoints = append(endpoints, endpoint{
			address: one.primary.address, name: one.primary.id, shard: strconv.Itoa(n),
			request: request{declared: true, here: one.has, cluster: true, shards: true},
		})
	}
	for n, one := range c.shards {
		for _, replica := range one.replicas {
			if c.target.Replicas {
				endpoints = append(endpoints, endpoint{
					address: replica.address, name: replica.id, shard: strconv.Itoa(n), replica: true, request: request{cluster: true},
				})
			}
		}
	}
	if len(endpoints) > 0 {
		return endpoints, nil
	}
	for _, seed := range slices.Compact(slices.Sorted(slices.Values(c.target.Cluster.Addresses))) {
		endpoints = append(endpoints, endpoint{address: seed, request: request{cluster: true, shards: true}})
	}
	return endpoints, nil
}

func (c *cluster) assemble(asked []endpoint, results []result) (history.Sample, error) {
	seen, agreed := common(results)
	if seen == nil {
		c.shards = nil // the seeds may know where the nodes went
		return history.Sample{}, firstFailure(results)
	}
	if countNodes(seen) > maxNodes {
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
	case !covered(seen) && !c.target.Cluster.AllowPartial:
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

// probed joins what the primaries gave for each of the declared probes. A pass
// over the keys of all nodes in which slots moved may have counted keys twice.
func (c *cluster) probed(shards []shard, primaries []result) []probe.Result {
	if c.target.Probes == nil {
		return nil
	}
	results := make([]probe.NodeResults, len(primaries))
	for n, one := range primaries {
		results[n] = probe.NodeResults{Node: shards[n].primary.id, Results: one.probed}
	}
	joined := c.target.Probes.Join(results, func(key string) int {
		return slices.IndexFunc(shards, func(s shard) bool { return s.has(key) })
	})
	for n, one := range joined {
		if !one.Began.IsZero() && one.Began.Before(c.moved) {
			joined[n] = probe.Result{Err: probe.ErrNoScan}
		}
	}
	return joined
}

// common returns the shards that most of the nodes see, and whether all that
// answered see the same primaries.
func common(results []result) (seen []shard, agreed bool) {
	votes, most := 0, 0
	same := map[[sha256.Size]byte]int{}
	first := map[[sha256.Size]byte][]shard{}
	for n := range results {
		if results[n].err != nil || results[n].shards == nil {
			continue
		}
		votes++
		primaries := primariesOf(results[n].shards)
		if same[primaries]++; same[primaries] == 1 {
			first[primaries] = results[n].shards
		}
		if same[primaries] > most {
			most, seen = same[primaries], first[primaries]
		}
	}
	return withAllReplicas(seen, results), votes == most
}

// withAllReplicas adds the replicas that other nodes see: one that has just
// joined is known to some of them first.
func withAllReplicas(seen []shard, results []result) []shard {
	all := make(map[member]map[member]bool, len(seen))
	for n := range seen {
		all[seen[n].primary] = map[member]bool{}
	}
	for n := range results {
		for _, s := range results[n].shards {
			if replicas := all[s.primary]; replicas != nil {
				for _, replica := range s.replicas {
					replicas[replica] = true
				}
			}
		}
	}
	for n := range seen {
		seen[n].replicas = slices.SortedFunc(maps.Keys(all[seen[n].primary]), compareMembers)
	}
	return seen
}

func firstFailure(results []result) error {
	n := slices.IndexFunc(results, func(one result) bool { return one.err != nil })
	if n < 0 {
		return &reason.Error{Reason: reason.TopologyUnsettled}
	}
	return results[n].err
}
