package sampler

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

// identify learns what a node of a cluster is before it is asked for numbers:
// Valkey from 9.0 on reports migrations of slots by a command of its own.
// Source: https://valkey.io/commands/cluster-getslotmigrations/
func (l *link) identify(ctx context.Context) error {
	text, err := l.client.Info(ctx, "server").Bytes()
	if err != nil {
		return err
	}
	info, err := new(redisinfo.Parser).Parse(text)
	if err != nil {
		return &reason.Error{Reason: reason.Protocol, Cause: err}
	}
	version, _ := info.Text("valkey_version")
	l.met, l.migrations = true, majorOf(version) >= 9
	return nil
}

// majorOf returns the first number of a version, 0 if there is none.
func majorOf(version string) int {
	text, _, _ := strings.Cut(version, ".")
	major, _ := strconv.Atoi(text)
	return major
}

// migrating reports whether an atomic migration of slots is under way at the
// node, or the removal of the keys that one moved. A node that refuses to tell is
// taken to migrate, for the reason that it returns, and is not asked again over
// the link.
// Source: https://redis.io/docs/latest/commands/cluster-info/ for Redis 8.4.
func (v view) migrating(l *link) (bool, error) {
	switch {
	case l.refusesMigrations:
	case v.migrations == nil:
		state := v.state.Val()
		return aboveZero(state, "cluster_slot_migration_active_tasks") || aboveZero(state, "cluster_slot_migration_active_trim_running"), nil
	case v.migrations.Err() == nil:
		return anyActive(v.migrations.Val()), nil
	}
	l.refusesMigrations, l.migrations = true, false
	return true, &reason.Error{Reason: reason.MigrationsRefused}
}

// aboveZero reports whether a field of CLUSTER INFO is there and is not 0.
func aboveZero(state, field string) bool {
	_, rest, found := strings.Cut(state, "\n"+field+":")
	value, _, _ := strings.Cut(rest, "\r")
	return found && value != "0"
}

// anyActive reports whether a reply to CLUSTER GETSLOTMIGRATIONS has a job that
// has not ended. A reply of another form is taken to have one.
func anyActive(reply any) bool {
	jobs, ok := reply.([]any)
	return !ok || slices.ContainsFunc(jobs, func(job any) bool {
		switch stateOf(job) {
		case "success", "failed", "cancelled":
			return false
		}
		return true
	})
}

// stateOf returns the state in the names and values of a job, empty if there is none.
func stateOf(job any) string {
	fields, _ := job.([]any)
	for n := 0; n+1 < len(fields); n += 2 {
		if fields[n] == "state" {
			state, _ := fields[n+1].(string)
			return state
		}
	}
	return ""
}

// migrations is what is known of the shards of a cluster by their primaries' IDs.
// Replicas replay a migration after their primary and do not report it: Redis
// never does, Valkey only where slots arrive.
type migrations map[string]migration

type migration struct {
	// calls is how often the primary was called in migrations by the last sample.
	calls int64
	// seen is when one was last found under way, zero for never, offset how far
	// replication was when it had last to be reckoned with, and active says that it
	// still has.
	seen   time.Time
	offset int64
	active bool
}

// settling is how long a migration is reckoned with after it was last found under
// way. The source of Redis 8.6 was seen to say that all is done, and to drop the
// keys and tell its replicas to some 40 ms later.
const settling = time.Second

// note marks the nodes of a sample, its primaries first, and reports whether one
// of them migrates. A primary does in the sample after a migration too, and
// while it settles; a replica does until it has replayed what its primary wrote
// by then.
func (m *migrations) note(nodes []history.Node, primaries int) (any bool) {
	before := *m
	*m = make(migrations, primaries)
	byShard := map[string]migration{}
	for n := range nodes[:primaries] {
		node := &nodes[n]
		if node.Info == nil {
			continue
		}
		was, known := before[node.Name]
		now := migration{calls: callsIn(node.Info), seen: was.seen, offset: was.offset}
		offset, _ := node.Info.Int("master_repl_offset")
		if node.Migrating || known && now.calls != was.calls {
			now.seen = node.At
		}
		now.active = !now.seen.IsZero() && node.At.Sub(now.seen) < settling
		node.Migrating = now.active
		if now.active || offset < now.offset { // which another process of the server counts
			now.offset = offset
		}
		(*m)[node.Name], byShard[node.Shard] = now, now
		any = any || node.Migrating
	}
	for n := range nodes[primaries:] {
		replica := &nodes[primaries+n]
		if replica.Info == nil {
			continue
		}
		of := byShard[replica.Shard]
		offset, _ := replica.Info.Int("master_repl_offset")
		replica.Migrating = replica.Migrating || of.active || offset < of.offset
	}
	return any
}

// callsIn returns how often a server was called by another one in migrations of
// slots: both ends are, at the beginning and at the end of each.
func callsIn(info *redisinfo.Info) int64 {
	record, _ := info.Record("cmdstat_cluster|syncslots")
	calls, _ := record.Int("calls") // absent until the first
	return calls
}
