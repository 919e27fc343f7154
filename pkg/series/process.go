package series

import (
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

// monotone lists fields of INFO that only ever grow while one server process
// lives, unless CONFIG RESETSTAT sets them back.
// Source: https://redis.io/docs/latest/commands/info/ and genRedisInfoString in Redis' server.c.
func monotone() [12]string {
	return [...]string{
		"uptime_in_seconds",
		"total_connections_received",
		"total_commands_processed",
		"total_net_input_bytes",
		"total_net_output_bytes",
		"total_reads_processed",
		"total_writes_processed",
		"keyspace_hits",
		"keyspace_misses",
		"evicted_keys",
		"expired_keys",
		"rejected_connections",
	}
}

// sameProcess tells whether counters of two consecutive samples may be
// subtracted: one process answered both, and nothing set its counters back
// between. In doubt it says no.
func sameProcess(before, after *redisinfo.Info) bool {
	for _, key := range [...]string{"run_id", "role"} {
		a, errA := before.Text(key)
		b, errB := after.Text(key)
		if errA != nil || errB != nil || a != b {
			return false
		}
	}
	for _, key := range monotone() {
		a, errA := before.Int(key)
		b, errB := after.Int(key)
		if (errA == nil) != (errB == nil) || b < a {
			return false
		}
	}
	return !commandsReset(before, after)
}

const commandPrefix = "cmdstat_"

// commandsReset tells of a CONFIG RESETSTAT between two consecutive samples,
// which the server's own counters hide when they outgrow their old values
// before the second sample. Each command's calls are looked at for that:
//   - none falls or disappears;
//   - INFO grows, since a sample is an INFO and is counted after it was answered;
//   - from Redis 7 on, the reset itself is the first command counted after it.
func commandsReset(before, after *redisinfo.Info) bool {
	errBefore, errAfter := before.Section("Commandstats"), after.Section("Commandstats")
	if errBefore != nil || errAfter != nil {
		return (errBefore == nil) != (errAfter == nil)
	}
	for _, was := range before.Records(commandPrefix) {
		now, still := after.Record(was.Key())
		a, errA := was.Int("calls")
		b, errB := now.Int("calls")
		if !still || errA != nil || errB != nil || b < a {
			return true
		}
	}
	earlier := int64(0) // absent: the sample before was the first INFO
	if was, ok := before.Record(commandPrefix + "info"); ok {
		earlier, _ = was.Int("calls") // it was read above
	}
	now, ok := after.Record(commandPrefix + "info")
	if later, err := now.Int("calls"); !ok || err != nil || later <= earlier {
		return true
	}
	const resetstat = commandPrefix + "config|resetstat"
	a, counted := before.Record(resetstat)
	b, counts := after.Record(resetstat)
	return counted != counts || a != b
}
