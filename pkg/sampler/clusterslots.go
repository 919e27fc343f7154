package sampler

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// allSlots is how many hash slots a cluster has.
// Source: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#key-distribution-model
const allSlots = 16384

// member is a node of a cluster as another one sees it.
type member struct {
	id, address string
}

func compareMembers(a, b member) int {
	return cmp.Or(cmp.Compare(a.address, b.address), cmp.Compare(a.id, b.id))
}

// shard is a primary that owns slots, and its replicas.
type shard struct {
	primary  member
	replicas []member
	slots    []slotRange
}

// slotRange is some slots, both ends among them.
type slotRange struct{ first, last int }

// has reports whether a key is in one of the shard's slots.
func (s shard) has(key string) bool {
	slot := slotOf(key)
	return slices.ContainsFunc(s.slots, func(r slotRange) bool { return r.first <= slot && slot <= r.last })
}

// slotOf returns the slot of a key: that of the part in braces, where there is one.
// Source: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags
func slotOf(key string) int {
	if _, rest, ok := strings.Cut(key, "{"); ok {
		if tag, _, ok := strings.Cut(rest, "}"); ok && tag != "" {
			key = tag
		}
	}
	const polynomial = 0x1021 // of CRC-16/XMODEM
	crc := uint16(0)
	for _, b := range []byte(key) {
		crc ^= uint16(b) << 8
		for range 8 {
			carry := crc & 0x8000
			crc <<= 1
			if carry != 0 {
				crc ^= polynomial
			}
		}
	}
	return int(crc % allSlots)
}

// view is a question to a node about its cluster.
type view struct {
	state *redis.StringCmd
	// slots and migrations are nil where they are not asked.
	slots, migrations *redis.Cmd
}

// askView asks for the state of the cluster, which shards the node sees if
// shards is set, and for migrations of slots by a command of its own if
// migrations is set.
func askView(ctx context.Context, pipe redis.Pipeliner, shards, migrations bool) view {
	v := view{state: redis.NewStringCmd(ctx, "cluster", "info")}
	_ = pipe.Process(ctx, v.state)
	if migrations {
		v.migrations = redis.NewCmd(ctx, "cluster", "getslotmigrations")
		_ = pipe.Process(ctx, v.migrations)
	}
	if shards {
		v.slots = redis.NewCmd(ctx, "cluster", "slots")
		_ = pipe.Process(ctx, v.slots)
	}
	return v
}

func (v view) err() error {
	switch {
	case v.state == nil:
		return nil
	case v.slots == nil:
		return v.state.Err()
	}
	return firstOf(v.state.Err(), v.slots.Err())
}

// read returns the shards in the order of their lowest slots, with replicas where
// the target wants them. A node that was asked at an address and does not know its
// own is at that one. A cluster that says it is down has none, unless a part of it
// is enough.
// Source: https://redis.io/docs/latest/commands/cluster-slots/
func (v view) read(ctx context.Context, asked string, t *target.Target) ([]shard, error) {
	if !t.Cluster.AllowPartial && !strings.Contains(v.state.Val(), "cluster_state:ok") {
		return nil, &reason.Error{Reason: reason.ClusterDown}
	}
	ranges, ok := v.slots.Val().([]any)
	if !ok {
		return nil, errSlots()
	}
	host, _, err := net.SplitHostPort(asked)
	if err != nil {
		return nil, errSlots()
	}
	shards, endpoints := []shard{}, map[member]int{}
	for _, one := range ranges {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		r, members, err := readRange(one, host, t.Replicas)
		if err != nil {
			return nil, err
		}
		place, known := endpoints[members[0]]
		if !known {
			if place = len(shards); place == maxNodes {
				return nil, &reason.Error{Reason: reason.TooManyNodes}
			}
			endpoints[members[0]] = place
			shards = append(shards, shard{primary: members[0], replicas: members[1:]})
		}
		shards[place].slots = append(shards[place].slots, r)
	}
	if countNodes(shards) > maxNodes {
		return nil, &reason.Error{Reason: reason.TooManyNodes}
	}
	for _, s := range shards {
		slices.SortFunc(s.slots, func(a, b slotRange) int { return cmp.Compare(a.first, b.first) })
	}
	slices.SortFunc(shards, func(a, b shard) int { return cmp.Compare(a.slots[0].first, b.slots[0].first) })
	return shards, nil
}

func countNodes(shards []shard) int {
	count := len(shards)
	for _, s := range shards {
		count += len(s.replicas)
	}
	return count
}

func errSlots() error {
	return &reason.Error{Reason: reason.Protocol, Cause: errors.New("the reply to CLUSTER SLOTS is not what Redis answers")}
}

// readRange reads a range of slots and its nodes, the primary first and alone
// unless replicas are wanted.
func readRange(reply any, host string, replicas bool) (slotRange, []member, error) {
	entry, ok := reply.([]any)
	if !ok || len(entry) < 3 {
		return slotRange{}, nil, errSlots()
	}
	first, okFirst := entry[0].(int64)
	last, okLast := entry[1].(int64)
	if !okFirst || !okLast || first < 0 || last < first || last >= allSlots {
		return slotRange{}, nil, errSlots()
	}
	nodes := entry[2:]
	if !replicas {
		nodes = nodes[:1]
	}
	members := make([]member, 0, len(nodes))
	for _, one := range nodes {
		m, err := readMember(one, host)
		if err != nil {
			return slotRange{}, nil, err
		}
		members = append(members, m)
	}
	return slotRange{int(first), int(last)}, members, nil
}

// readMember reads a node. One whose address is null or empty has that at which
// the node that reports it was asked.
func readMember(reply any, host string) (member, error) {
	entry, ok := reply.([]any)
	if !ok || len(entry) < 3 {
		return member{}, errSlots()
	}
	if entry[0] != nil && entry[0] != "" {
		if host, ok = entry[0].(string); !ok || host == "?" || !isHost(host) {
			return member{}, errSlots()
		}
	}
	port, okPort := entry[1].(int64)
	id, okID := entry[2].(string)
	if !okPort || !okID || len(id) > 63 || !redisinfo.IsName(id) || port < 1 || port > 65535 {
		return member{}, errSlots()
	}
	return member{id: id, address: net.JoinHostPort(host, strconv.FormatInt(port, 10))}, nil
}

// covered reports whether each slot has an owner.
func covered(shards []shard) bool {
	var all []slotRange
	for _, s := range shards {
		all = append(all, s.slots...)
	}
	slices.SortFunc(all, func(a, b slotRange) int { return cmp.Compare(a.first, b.first) })
	next := 0
	for _, r := range all {
		if r.first > next {
			return false
		}
		next = max(next, r.last+1)
	}
	return next == allSlots
}

// sameNodes reports whether two views have the same primaries, and the same
// replicas where those matter. Which slots a primary owns may differ: slots move
// one by one, and each node hears of it at another time.
func sameNodes(a, b []shard, replicas bool) bool {
	return slices.EqualFunc(byPrimary(a), byPrimary(b), func(a, b shard) bool {
		return a.primary == b.primary && (!replicas || slices.Equal(a.replicas, b.replicas))
	})
}

// primariesOf stands for the primaries of a view: the views of several nodes are
// compared by it, each of which is put in order once.
func primariesOf(shards []shard) [sha256.Size]byte {
	hash := sha256.New()
	for _, s := range byPrimary(shards) {
		_, _ = fmt.Fprintf(hash, "%q %q\n", s.primary.id, s.primary.address) // a hash takes all
	}
	return [sha256.Size]byte(hash.Sum(nil))
}

// sameSlots reports whether two views give each slot to the same primary.
func sameSlots(a, b []shard) bool {
	return slices.EqualFunc(byPrimary(a), byPrimary(b), func(a, b shard) bool {
		return a.primary.id == b.primary.id && slices.Equal(a.slots, b.slots)
	})
}

func byPrimary(shards []shard) []shard {
	return slices.SortedFunc(slices.Values(shards), func(a, b shard) int { return cmp.Compare(a.primary.id, b.primary.id) })
}
