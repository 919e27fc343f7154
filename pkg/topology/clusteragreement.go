package topology

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/poller"
)

// common returns the shards that most nodes see, and reports whether all nodes that
// answered see the same primaries.
func common(results []result) (seen []poller.Shard, agreed bool) {
	votes, most := 0, 0
	same := map[[sha256.Size]byte]int{}
	first := map[[sha256.Size]byte][]poller.Shard{}
	for n := range results {
		if results[n].err != nil || results[n].Shards == nil {
			continue
		}
		votes++
		primaries := primariesOf(results[n].Shards)
		if same[primaries]++; same[primaries] == 1 {
			first[primaries] = results[n].Shards
		}
		if same[primaries] > most {
			most, seen = same[primaries], first[primaries]
		}
	}
	return withAllReplicas(seen, results), votes == most
}

// withAllReplicas adds the replicas that other nodes see. Not all nodes know a new
// replica at the same time.
func withAllReplicas(seen []poller.Shard, results []result) []poller.Shard {
	all := make(map[poller.Member]map[poller.Member]bool, len(seen))
	for n := range seen {
		all[seen[n].Primary] = map[poller.Member]bool{}
	}
	for n := range results {
		for _, s := range results[n].Shards {
			if replicas := all[s.Primary]; replicas != nil {
				for _, replica := range s.Replicas {
					replicas[replica] = true
				}
			}
		}
	}
	for n := range seen {
		seen[n].Replicas = slices.SortedFunc(maps.Keys(all[seen[n].Primary]), func(a, b poller.Member) int {
			return cmp.Or(cmp.Compare(a.Address, b.Address), cmp.Compare(a.ID, b.ID))
		})
	}
	return seen
}

// sameNodes reports whether two views have the same primaries, and the same replicas if
// replicas is set. The slots that a primary owns may differ: slots move one by one, and
// nodes learn of it at different times.
func sameNodes(a, b []poller.Shard, replicas bool) bool {
	return slices.EqualFunc(byPrimary(a), byPrimary(b), func(a, b poller.Shard) bool {
		return a.Primary == b.Primary && (!replicas || slices.Equal(a.Replicas, b.Replicas))
	})
}

// primariesOf returns a hash of the primaries of a view, by which the views of several
// nodes are compared. Each view is sorted once.
func primariesOf(shards []poller.Shard) [sha256.Size]byte {
	hash := sha256.New()
	for _, s := range byPrimary(shards) {
		_, _ = fmt.Fprintf(hash, "%q %q\n", s.Primary.ID, s.Primary.Address) // a hash takes all
	}
	return [sha256.Size]byte(hash.Sum(nil))
}

// sameSlots reports whether two views give each slot to the same primary.
func sameSlots(a, b []poller.Shard) bool {
	return slices.EqualFunc(byPrimary(a), byPrimary(b), func(a, b poller.Shard) bool {
		return a.Primary.ID == b.Primary.ID && slices.Equal(a.Slots, b.Slots)
	})
}

func byPrimary(shards []poller.Shard) []poller.Shard {
	return slices.SortedFunc(slices.Values(shards), func(a, b poller.Shard) int { return cmp.Compare(a.Primary.ID, b.Primary.ID) })
}
