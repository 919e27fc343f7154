package catalog_test

import (
	"maps"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

type lines = []string

// rows holds, for each row of the catalog, what it reads from known samples
// ten seconds apart, and what it makes of samples that give no number.
func rows() map[string][]row {
	all := map[string][]row{}
	for name, key := range map[string]string{
		"commands-per-second":                         "total_commands_processed",
		"connections-per-second":                      "total_connections_received",
		"rejected-connections-per-second":             "rejected_connections",
		"network-input-bytes-per-second":              "total_net_input_bytes",
		"network-output-bytes-per-second":             "total_net_output_bytes",
		"network-replication-input-bytes-per-second":  "total_net_repl_input_bytes",
		"network-replication-output-bytes-per-second": "total_net_repl_output_bytes",
		"keyspace-hits-per-second":                    "keyspace_hits",
		"keyspace-misses-per-second":                  "keyspace_misses",
		"evictions-per-second":                        "evicted_keys",
		"expirations-per-second":                      "expired_keys",
	} {
		all[name] = counter(key)
	}
	for name, key := range map[string]string{
		"connected-clients":           "connected_clients",
		"blocked-clients":             "blocked_clients",
		"tracking-clients":            "tracking_clients",
		"pubsub-clients":              "pubsub_clients",
		"pubsub-channels":             "pubsub_channels",
		"pubsub-shard-channels":       "pubsubshard_channels",
		"pubsub-patterns":             "pubsub_patterns",
		"used-memory-bytes":           "used_memory",
		"used-memory-rss-bytes":       "used_memory_rss",
		"used-memory-peak-bytes":      "used_memory_peak",
		"memory-fragmentation-ratio":  "mem_fragmentation_ratio",
		"uptime-seconds":              "uptime_in_seconds",
		"rdb-changes-since-last-save": "rdb_changes_since_last_save",
		"rdb-save-in-progress":        "rdb_bgsave_in_progress",
		"aof-rewrite-in-progress":     "aof_rewrite_in_progress",
	} {
		all[name] = gauge(key)
	}
	all["used-memory-dataset-bytes"] = append(gauge("used_memory_dataset"), row{
		name: "wrapped", last: lines{"used_memory_dataset:18446744073709551000"}, err: "has fallen below zero",
	})
	maps.Copy(all, shareRows())
	maps.Copy(all, keyspaceRows())
	maps.Copy(all, commandRows())
	maps.Copy(all, replicationRows())
	return all
}

func counter(key string) []row {
	return []row{
		{name: "grown", first: lines{key + ":100"}, last: lines{key + ":150"}, want: 5},
		{name: "still", first: lines{key + ":100"}, last: lines{key + ":100"}, want: 0},
		{name: "large", first: lines{key + ":0"}, last: lines{key + ":9223372036854775807"}, want: 922337203685477580.7},
		{name: "fallen", first: lines{key + ":100"}, last: lines{key + ":99"}, err: "went from 100 to 99"},
		{name: "negative", first: lines{key + ":-100"}, last: lines{key + ":-50"}, err: "went from -100 to -50"},
		{name: "absent", first: lines{"x:1"}, last: lines{"x:1"}, err: key + ": not reported", is: redisinfo.ErrAbsent},
		{name: "absent before", first: lines{"x:1"}, last: lines{key + ":100"}, err: key + ": not reported", is: redisinfo.ErrAbsent},
		{name: "absent after", first: lines{key + ":1"}, last: lines{"x:1"}, err: key + ": not reported", is: redisinfo.ErrAbsent},
		{name: "past int64", first: lines{key + ":1"}, last: lines{key + ":9223372036854775808"}, err: "malformed", is: redisinfo.ErrMalformed},
		{name: "no number", first: lines{key + ":1"}, last: lines{key + ":nan"}, err: "malformed", is: redisinfo.ErrMalformed},
		{name: "role unknown", first: lines{key + ":1"}, last: lines{key + ":2", "role:sentinel"}, err: "INFO field role", is: redisinfo.ErrMalformed},
	}
}

func gauge(key string) []row {
	return []row{
		{name: "level", last: lines{key + ":7"}, want: 7},
		{name: "zero", last: lines{key + ":0"}, want: 0},
		{name: "negative", last: lines{key + ":-1"}, err: "-1"},
		{name: "absent", last: lines{"x:1"}, err: key + ": not reported", is: redisinfo.ErrAbsent},
		{name: "no number", last: lines{key + ":inf"}, err: "malformed", is: redisinfo.ErrMalformed},
	}
}

func shareRows() map[string][]row {
	cpu := func(user, system string) lines { return lines{"used_cpu_user:" + user, "used_cpu_sys:" + system} }
	clients := func(limit string) lines {
		return lines{"connected_clients:20", "connected_slaves:3", "cluster_connections:2", "maxclients:" + limit}
	}
	return map[string][]row{
		"memory-utilization": {
			{name: "half", last: lines{"used_memory:50", "maxmemory:100"}, want: 0.5},
			{name: "above maxmemory", last: lines{"used_memory:150", "maxmemory:100"}, want: 1.5},
			{name: "no limit", last: lines{"used_memory:50", "maxmemory:0"}, err: "set maxmemory in Redis, or use used-memory-bytes"},
			{name: "negative", last: lines{"used_memory:-50", "maxmemory:100"}, err: "-0.5"},
			{name: "maxmemory absent", last: lines{"used_memory:50"}, err: "maxmemory: not reported", is: redisinfo.ErrAbsent},
		},
		"client-utilization": {
			{name: "a quarter", last: clients("100"), want: 0.25},
			{name: "no limit", last: clients("0"), err: "maxclients is 0"},
			{name: "limit absent", last: lines{"connected_clients:20", "connected_slaves:3", "cluster_connections:2"}, err: "maxclients: not reported", is: redisinfo.ErrAbsent},
			{name: "replicas absent", last: lines{"connected_clients:20", "cluster_connections:2", "maxclients:100"}, err: "connected_slaves: not reported", is: redisinfo.ErrAbsent},
		},
		"cpu-cores": {
			{name: "half a core", first: cpu("10.000000", "5.500000"), last: cpu("14.000000", "6.500000"), want: 0.5},
			{name: "idle", first: cpu("10.000000", "5.500000"), last: cpu("10.000000", "5.500000"), want: 0},
			{name: "fallen", first: cpu("10.000000", "5.500000"), last: cpu("9.999999", "5.500000"), err: "went from 10000000 to 9999999"},
			{name: "noughts left out", first: cpu("10.000000", "5.500000"), last: cpu("10.5", "5.500000"), err: "six decimals", is: redisinfo.ErrMalformed},
			{name: "absent", first: lines{"x:1"}, last: lines{"x:1"}, err: "used_cpu_user: not reported", is: redisinfo.ErrAbsent},
		},
		"rdb-last-save-age-seconds": {
			{name: "age", last: lines{"server_time_usec:1700000012500000", "rdb_last_save_time:1700000000"}, want: 12.5},
			{name: "in the future", last: lines{"server_time_usec:1700000000000000", "rdb_last_save_time:1700000001"}, err: "-1"},
			{name: "clock absent", last: lines{"rdb_last_save_time:1700000000"}, err: "server_time_usec: not reported", is: redisinfo.ErrAbsent},
		},
	}
}

func keyspaceRows() map[string][]row {
	spaces := lines{"# Keyspace", "db0:keys=4,expires=1", "db3:keys=9,expires=9", "db20:keys=7,expires=0", "db0_distrib_strings_sizes:1=4"}
	return map[string][]row{
		"keyspace-hit-ratio": {
			{name: "both", first: lines{"keyspace_hits:10", "keyspace_misses:10"}, last: lines{"keyspace_hits:40", "keyspace_misses:20"}, want: 0.75},
			{name: "hits only", first: lines{"keyspace_hits:10", "keyspace_misses:10"}, last: lines{"keyspace_hits:40", "keyspace_misses:10"}, want: 1},
			{name: "misses only", first: lines{"keyspace_hits:10", "keyspace_misses:10"}, last: lines{"keyspace_hits:10", "keyspace_misses:11"}, want: 0},
			{name: "no look-up", first: lines{"keyspace_hits:10", "keyspace_misses:10"}, last: lines{"keyspace_hits:10", "keyspace_misses:10"}, err: "no key was looked up"},
			{name: "more than int64 in all", first: lines{"keyspace_hits:0", "keyspace_misses:0"}, last: lines{"keyspace_hits:9223372036854775807", "keyspace_misses:9223372036854775807"}, want: 0.5},
			{name: "hits fallen", first: lines{"keyspace_hits:10", "keyspace_misses:10"}, last: lines{"keyspace_hits:9", "keyspace_misses:20"}, err: "went from 10 to 9"},
			{name: "misses absent", first: lines{"keyspace_hits:10"}, last: lines{"keyspace_hits:10"}, err: "not reported", is: redisinfo.ErrAbsent},
		},
		"keys": {
			{name: "of the object's database", last: lines{"# Keyspace", "db0:keys=1,expires=0", "db3:keys=9,expires=2"}, database: 3, want: 9},
			{name: "none", last: lines{"# Keyspace", "db0:keys=1,expires=0"}, database: 3, want: 0},
			{name: "section not reported", last: lines{"x:1"}, err: "Keyspace: not reported", is: redisinfo.ErrAbsent},
			{name: "malformed", last: lines{"# Keyspace", "db0:keys=x,expires=0"}, err: "malformed", is: redisinfo.ErrMalformed},
		},
		"keyspace-keys": {
			{name: "all databases", last: spaces, want: 20},
			{name: "the object's own counts once", last: spaces, database: 20, want: 20},
			{name: "one more than Redis has unless it is told so", last: lines{"# Keyspace", "db15:keys=4,expires=1", "db16:keys=9,expires=9"}, want: 13},
			{name: "none", last: lines{"# Keyspace"}, want: 0},
			{name: "section not reported", last: lines{"x:1"}, err: "Keyspace: not reported", is: redisinfo.ErrAbsent},
			{name: "malformed", last: lines{"# Keyspace", "db0:keys=1,expires=0", "db17:keys=x,expires=0"}, err: "malformed", is: redisinfo.ErrMalformed},
		},
		"expiring-keys-ratio": {
			{name: "a quarter", last: spaces, want: 0.25},
			{name: "all", last: spaces, database: 3, want: 1},
			{name: "none", last: spaces, database: 20, want: 0},
			{name: "no key", last: spaces, database: 1, err: "the database has no key"},
			{name: "section not reported", last: lines{"x:1"}, err: "Keyspace: not reported", is: redisinfo.ErrAbsent},
		},
	}
}
