package poller

import (
	"cmp"
	"context"
	"errors"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/connection"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// AllSlots is how many hash slots a cluster has.
// Source: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#key-distribution-model
const AllSlots = 16384

// Member is a node of a cluster, as another node sees it.
type Member struct {
	ID, Address string
}

// Shard is a primary that owns slots, and its replicas.
type Shard struct {
	Primary  Member
	Replicas []Member
	Slots    []SlotRange
}

// SlotRange is a range of slots, including both ends.
type SlotRange struct{ First, Last int }

// Has reports whether a key is in one of the shard's slots.
func (s Shard) Has(key string) bool {
	slot := slotOf(key)
	return slices.ContainsFunc(s.Slots, func(r SlotRange) bool { return r.First <= slot && slot <= r.Last })
}

// slotOf returns the slot of a key, or of its part in braces if it has one.
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
	return int(crc % AllSlots)
}

// view is what a node is asked about its cluster.
type view struct {
	state *redis.StringCmd
	// slots and migrations are nil if the node is not asked for them.
	slots, migrations *redis.Cmd
}

// askView asks for the state of the cluster, if shards is set for the shards that the
// node sees, and if migrations is set for migrations of slots, by a separate command.
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
	return cmp.Or(v.state.Err(), v.slots.Err())
}

// read returns the shards in the order of their lowest slots, with replicas if the
// target wants them. A node that does not know its own address is at the one where it
// was asked. A cluster that reports that it is down is an error, unless the target
// allows a part of it.
// Source: https://redis.io/docs/latest/commands/cluster-slots/
func (v view) read(ctx context.Context, asked string, t *target.Target) ([]Shard, error) {
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
	shards, indexes := []Shard{}, map[Member]int{}
	for _, entry := range ranges {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		r, members, err := readRange(entry, host, t.Replicas)
		if err != nil {
			return nil, err
		}
		index, known := indexes[members[0]]
		if !known {
			if index = len(shards); index == MaxNodes {
				return nil, &reason.Error{Reason: reason.TooManyNodes}
			}
			indexes[members[0]] = index
			shards = append(shards, Shard{Primary: members[0], Replicas: members[1:]})
		}
		shards[index].Slots = append(shards[index].Slots, r)
	}
	if CountNodes(shards) > MaxNodes {
		return nil, &reason.Error{Reason: reason.TooManyNodes}
	}
	for _, s := range shards {
		slices.SortFunc(s.Slots, func(a, b SlotRange) int { return cmp.Compare(a.First, b.First) })
	}
	slices.SortFunc(shards, func(a, b Shard) int { return cmp.Compare(a.Slots[0].First, b.Slots[0].First) })
	return shards, nil
}

func errSlots() error {
	return &reason.Error{Reason: reason.Protocol, Cause: errors.New("malformed reply to CLUSTER SLOTS")}
}

// readRange reads a range of slots and its nodes, the primary first and alone
// unless replicas are wanted.
func readRange(reply any, host string, replicas bool) (SlotRange, []Member, error) {
	entry, ok := reply.([]any)
	if !ok || len(entry) < 3 {
		return SlotRange{}, nil, errSlots()
	}
	first, okFirst := entry[0].(int64)
	last, okLast := entry[1].(int64)
	if !okFirst || !okLast || first < 0 || last < first || last >= AllSlots {
		return SlotRange{}, nil, errSlots()
	}
	nodes := entry[2:]
	if !replicas {
		nodes = nodes[:1]
	}
	members := make([]Member, 0, len(nodes))
	for _, node := range nodes {
		m, err := readMember(node, host)
		if err != nil {
			return SlotRange{}, nil, err
		}
		members = append(members, m)
	}
	return SlotRange{int(first), int(last)}, members, nil
}

// readMember reads a node. If its address is null or empty, it is at the host where the
// reporting node was asked.
func readMember(reply any, host string) (Member, error) {
	entry, ok := reply.([]any)
	if !ok || len(entry) < 3 {
		return Member{}, errSlots()
	}
	if entry[0] != nil && entry[0] != "" {
		if host, ok = entry[0].(string); !ok || host == "?" || !connection.IsHost(host) {
			return Member{}, errSlots()
		}
	}
	port, okPort := entry[1].(int64)
	id, okID := entry[2].(string)
	if !okPort || !okID || len(id) > 63 || !redisinfo.IsName(id) || port < 1 || port > 65535 {
		return Member{}, errSlots()
	}
	return Member{ID: id, Address: net.JoinHostPort(host, strconv.FormatInt(port, 10))}, nil
}

// Covered reports whether each slot has an owner.
func Covered(shards []Shard) bool {
	var all []SlotRange
	for _, s := range shards {
		all = append(all, s.Slots...)
	}
	slices.SortFunc(all, func(a, b SlotRange) int { return cmp.Compare(a.First, b.First) })
	next := 0
	for _, r := range all {
		if r.First > next {
			return false
		}
		next = max(next, r.Last+1)
	}
	return next == AllSlots
}
