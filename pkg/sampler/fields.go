package sampler

import (
	"strings"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

// kept reports whether a sample holds on to a field of INFO whatever metrics there
// are: to follow the topology, to know a process from another, and to describe a
// server. The fields that nothing reads are two thirds of an answer, and several
// samples of each target are in memory at any time.
func kept(field string) bool {
	switch field {
	case "loading", "run_id", "role", "redis_version", "valkey_version", "master_replid", "master_repl_offset", "master_link_status":
		return true
	}
	return strings.HasPrefix(field, "slave") || history.Reads(field) || redisinfo.Reads(field)
}
