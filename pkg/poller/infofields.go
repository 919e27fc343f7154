package poller

import (
	"slices"
	"strings"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

// Fields are the fields of INFO that samples keep, for all targets.
type Fields struct {
	keep    func(field string) bool
	schemas *redisinfo.Schemas
}

// NewFields returns the fields that the topology needs, and those for which reads is
// true.
func NewFields(reads func(field string) bool) *Fields {
	keep := func(field string) bool { return kept(field) || reads(field) }
	return &Fields{keep, redisinfo.NewSchemas(keep)}
}

// schemasWith returns schemas with additional fields.
func (f *Fields) schemasWith(fields []string) *redisinfo.Schemas {
	if len(fields) == 0 {
		return f.schemas
	}
	return f.schemas.Keeping(func(field string) bool { return f.keep(field) || slices.Contains(fields, field) })
}

// kept reports whether a sample keeps a field of INFO whatever metrics exist: to follow
// the topology, to tell one process from another, and to describe a server. The fields
// that nothing reads are two thirds of a reply, and several samples of each target are
// in memory at any time.
func kept(field string) bool {
	switch field {
	case "loading", "run_id", "role", "redis_version", "valkey_version", "master_replid", "master_repl_offset", "master_link_status":
		return true
	}
	return strings.HasPrefix(field, "slave") || history.Reads(field) || redisinfo.Reads(field)
}
