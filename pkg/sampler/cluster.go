package sampler

import (
	"context"
	"crypto/sha256"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	declared "github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
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

func (c *cluster) places(context.Context) ([]place, error) {
	var places []place
	for n, one := range c.shards {
		places = append(places, place{
			address: one.primary.address, name: one.primary.id, shard: strconv.Itoa(n),
			question: question{declared: true, here: one.has, cluster: true, shards: true},
		})
	}
	for n, one := range c.shards {
		for _, replica := range one.replicas {
			if c.target.Replicas {
				places = append(places, place{
					address: replica.address, name: replica.id, shard: strconv.Itoa(n), replica: true, question: question{cluster: true},
				})
			}
		}
	}
	if len(places) > 0 {
		return places, nil
	}
	for _, seed := range slices.Compact(slices.Sorted(slices.Values(c.target.Cluster.Addresses))) {
		places = append(places, place{address: seed, question: question{cluster: true, shards: true}})
	}
	return places, nil
}

func (c *cluster) settle(asked []place, answers []outcome) (history.Sample, error) {
	seen, agreed := common(answers)
	if seen == nil {
		c.shards = nil // the seeds may know where the nodes went
		return history.Sample{}, firstFailure(answers)
	}
	if countNodes(seen) > mostNodes {
		c.shards = nil
		return history.Sample{}, &Error{Reason: TooManyNodes}
	}
	known := c.shards
	c.shards = seen
	if !sameSlots(known, seen) {
		c.moved = time.Now()
	}
	switch {
	case !sameNodes(known, seen, c.target.Replicas):
		return history.Sample{}, errMoved
	case !agreed:
		return history.Sample{}, &Error{Reason: TopologyUnsettled}
	case !covered(seen) && !c.target.Cluster.AllowPartial:
		return history.Sample{}, &Error{Reason: SlotsUncovered}
	}
	if err := confirm(asked, answers); err != nil {
		return history.Sample{}, err
	}
	primaries := len(seen)
	found := make([]history.Node, len(asked))
	answering := 0
	for n := range asked {
		found[n] = answered(asked[n], answers[n])
		switch {
		case n >= primaries:
		case answers[n].err != nil && !c.target.Cluster.AllowPartial:
			return history.Sample{}, &Error{Reason: ShardUnavailable, cause: answers[n].err}
		case answers[n].err != nil:
		case found[n].Replica:
			return history.Sample{}, &Error{Reason: TopologyUnsettled}
		default:
			answering++
		}
	}
	if answering == 0 {
		return history.Sample{}, firstFailure(answers)
	}
	if c.migrations.note(found, primaries) {
		c.moved = time.Now()
	}
	return history.NewSample(c.probed(known, answers[:primaries]), found...), nil
}

func (c *cluster) close() {}

// probed joins what the primaries gave for each of the declared probes. A pass
// over the keys of all nodes in which slots moved may have counted keys twice.
func (c *cluster) probed(shards []shard, primaries []outcome) []declared.Result {
	if c.target.Probes == nil {
		return nil
	}
	results := make([]declared.NodeResults, len(primaries))
	for n, one := range primaries {
		results[n] = declared.NodeResults{Node: shards[n].primary.id, Results: one.probed}
	}
	joined := c.target.Probes.Join(results, func(key string) int {
		return slices.IndexFunc(shards, func(s shard) bool { return s.has(key) })
	})
	for n, one := range joined {
		if !one.Began.IsZero() && one.Began.Before(c.moved) {
			joined[n] = declared.Result{Err: declared.ErrNoPass}
		}
	}
	return joined
}

// common returns the shards that most of the nodes see, and whether all that
// answered see the same primaries.
func common(answers []outcome) (seen []shard, agreed bool) {
	votes, most := 0, 0
	same := map[[sha256.Size]byte]int{}
	first := map[[sha256.Size]byte][]shard{}
	for n := range answers {
		if answers[n].err != nil || answers[n].shards == nil {
			continue
		}
		votes++
		primaries := primariesOf(answers[n].shards)
		if same[primaries]++; same[primaries] == 1 {
			first[primaries] = answers[n].shards
		}
		if same[primaries] > most {
			most, seen = same[primaries], first[primaries]
		}
	}
	return withAllReplicas(seen, answers), votes == most
}

// withAllReplicas adds the replicas that other nodes see: one that has just
// joined is known to some of them first.
func withAllReplicas(seen []shard, answers []outcome) []shard {
	all := make(map[member]map[member]bool, len(seen))
	for n := range seen {
		all[seen[n].primary] = map[member]bool{}
	}
	for n := range answers {
		for _, s := range answers[n].shards {
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

func firstFailure(answers []outcome) error {
	n := slices.IndexFunc(answers, func(one outcome) bool { return one.err != nil })
	if n < 0 {
		return &Error{Reason: TopologyUnsettled}
	}
	return answers[n].err
}
