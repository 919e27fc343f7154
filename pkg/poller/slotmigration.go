package poller

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/connection"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

// identify finds out what a node of a cluster is before it is asked for numbers: since
// 9.0, Valkey reports migrations of slots by a separate command.
// Source: https://valkey.io/commands/cluster-getslotmigrations/
func identify(ctx context.Context, l *connection.Link) error {
	text, err := l.Client.Info(ctx, "server").Bytes()
	if err != nil {
		return err
	}
	info, err := new(redisinfo.Parser).Parse(text)
	if err != nil {
		return &reason.Error{Reason: reason.Protocol, Cause: err}
	}
	version, _ := info.Text("valkey_version")
	l.Capabilities.Identified, l.Capabilities.Migrations = true, majorOf(version) >= 9
	return nil
}

// majorOf returns the first number of a version, 0 if there is none.
func majorOf(version string) int {
	text, _, _ := strings.Cut(version, ".")
	major, _ := strconv.Atoi(text)
	return major
}

// migrating reports whether an atomic migration of slots is under way at the node, or
// the removal of the keys that one has moved. A node that refuses the question counts
// as migrating, for the reason that the error states, and is not asked again over the
// link.
// Source: https://redis.io/docs/latest/commands/cluster-info/ for Redis 8.4.
func (v view) migrating(known *connection.Capabilities) (bool, error) {
	switch {
	case known.RefusesMigrations:
	case v.migrations == nil:
		state := v.state.Val()
		return aboveZero(state, "cluster_slot_migration_active_tasks") || aboveZero(state, "cluster_slot_migration_active_trim_running"), nil
	case v.migrations.Err() == nil:
		return anyActive(v.migrations.Val()), nil
	}
	known.RefusesMigrations, known.Migrations = true, false
	return true, &reason.Error{Reason: reason.MigrationsRefused}
}

// aboveZero reports whether a field of CLUSTER INFO exists and is not 0.
func aboveZero(state, field string) bool {
	_, rest, found := strings.Cut(state, "\n"+field+":")
	value, _, _ := strings.Cut(rest, "\r")
	return found && value != "0"
}

// anyActive reports whether a reply to CLUSTER GETSLOTMIGRATIONS has a job that has not
// ended. A malformed reply counts as having one.
func anyActive(reply any) bool {
	jobs, ok := reply.([]any)
	return !ok || slices.ContainsFunc(jobs, func(job any) bool {
		switch FieldOf(job, "state") {
		case "success", "failed", "cancelled":
			return false
		}
		return true
	})
}

// FieldOf returns the text of a field in an array of alternating names and values, empty
// if it is absent.
func FieldOf(reply any, name string) string {
	fields, _ := reply.([]any)
	for n := 0; n+1 < len(fields); n += 2 {
		if fields[n] == name {
			text, _ := fields[n+1].(string)
			return text
		}
	}
	return ""
}
