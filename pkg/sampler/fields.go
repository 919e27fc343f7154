package sampler

import "strings"

// kept tells which fields of INFO a sample holds on to: those that some metric of
// the catalog, the status of an object or the series themselves read. The
// others are two thirds of an answer, and several samples of each target are in
// memory at any time.
func kept(key string) bool {
	switch key {
	// what the server is, and whether it is still the same
	case "redis_version", "valkey_version", "dragonfly_version", "thread_0_clients", "run_id", "process_id", "role", "loading", "uptime_in_seconds", "server_time_usec":
		return true
	// replication
	case "master_replid", "master_repl_offset", "master_link_status", "master_sync_in_progress", "master_last_io_seconds_ago",
		"slave_read_only", "connected_slaves":
		return true
	// clients
	case "connected_clients", "maxclients", "cluster_connections", "blocked_clients", "tracking_clients",
		"pubsub_clients", "pubsub_channels", "pubsub_patterns", "pubsubshard_channels":
		return true
	// memory and persistence
	case "used_memory", "used_memory_rss", "used_memory_peak", "used_memory_dataset", "maxmemory", "mem_fragmentation_ratio",
		"aof_rewrite_in_progress", "rdb_bgsave_in_progress", "rdb_changes_since_last_save", "rdb_last_save_time":
		return true
	// counters
	case "total_connections_received", "rejected_connections", "total_commands_processed", "total_error_replies",
		"total_net_input_bytes", "total_net_output_bytes", "total_net_repl_input_bytes", "total_net_repl_output_bytes",
		"total_reads_processed", "total_writes_processed", "keyspace_hits", "keyspace_misses", "evicted_keys", "expired_keys",
		"used_cpu_user", "used_cpu_sys":
		return true
	}
	for _, records := range [...]string{"cmdstat_", "errorstat_", "latency_percentiles_usec_", "db", "slave"} {
		if strings.HasPrefix(key, records) {
			return true
		}
	}
	return false
}
