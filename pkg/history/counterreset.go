package history

import (
	"errors"
	"slices"
	"strings"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

// monotone returns the fields of INFO that only grow while a server process runs,
// unless CONFIG RESETSTAT resets them.
// Source: https://redis.io/docs/latest/commands/info/ and genRedisInfoString in Redis' server.c.
func monotone() []string {
	return []string{
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

// Reads reports whether a History reads a field of INFO, to distinguish server
// processes.
func Reads(field string) bool {
	names := []string{"run_id", "process_id", "master_replid", "dragonfly_version", "role"}
	return slices.Contains(append(names, monotone()...), field) || strings.HasPrefix(field, commandPrefix)
}

// sameProcess reports whether counters of two consecutive samples may be subtracted:
// one process answered both, and nothing reset its counters in between. If in doubt, it
// reports false.
func sameProcess(before, after *redisinfo.Info) bool {
	idBefore, errBefore := identity(before)
	idAfter, errAfter := identity(after)
	if errBefore != nil || errAfter != nil || idBefore != idAfter {
		return false
	}
	roleBefore, _ := role(before) // which hosted servers may not report
	if roleAfter, _ := role(after); roleBefore != roleAfter {
		return false
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

// identity returns what a server generates at each start: its run_id. Dragonfly has
// none. Its primaries are identified by master_replid and the process ID. Its replicas
// report the master_replid of their primary, and so have no identity.
// Source: the constructor of ServerFamily, and add_repl_info, in Dragonfly's server_family.cc.
func identity(info *redisinfo.Info) (string, error) {
	id, err := info.Name("run_id")
	if err == nil {
		return id, nil
	}
	_, errDragonfly := info.Text("dragonfly_version")
	is, errRole := role(info)
	if errDragonfly != nil || errRole != nil || is != "master" {
		return "", err
	}
	process, _ := info.Name("process_id") // older versions do not tell it
	id, err = info.Name("master_replid")
	return id + " " + process, err
}

var errAnonymous = errors.New("the server's INFO lacks run_id, without which a restart would not show, so no rate is known")

// anonymous returns why a node that counts does not identify its process, nil if all
// do.
func (s Sample) anonymous() error {
	for _, node := range s.Counted() {
		if node.Info == nil {
			return node.Err
		}
		switch _, err := identity(node.Info); {
		case errors.Is(err, redisinfo.ErrName):
			return err
		case err != nil:
			return errAnonymous
		}
	}
	return nil
}

func role(info *redisinfo.Info) (string, error) { return info.Text("role") }

// commandsReset reports whether CONFIG RESETSTAT came between two consecutive samples.
// The server's totals do not show it if they outgrow their old values before the second
// sample, but the calls of each command do:
//   - none falls or disappears;
//   - INFO grows, since a sample is an INFO and is counted after it was answered;
//   - from Redis 7 on, the reset itself is the first command counted after it.
func commandsReset(before, after *redisinfo.Info) bool {
	errBefore, errAfter := before.Section("Commandstats"), after.Section("Commandstats")
	if errBefore != nil || errAfter != nil {
		return (errBefore == nil) != (errAfter == nil)
	}
	for _, was := range before.Records(commandPrefix) {
		if was.Unnamed() {
			continue // whose calls, and each total with them, are unknown
		}
		now, still := after.Record(was.Key())
		a, errA := was.Int("calls")
		if still && errA == nil && was == now {
			continue // most commands, of most servers
		}
		b, errB := now.Int("calls")
		if !still || errA != nil || errB != nil || b < a {
			return true
		}
	}
	earlier, _ := infoCalls(before) // absent: the sample before was the first INFO
	if later, err := infoCalls(after); err != nil || later <= earlier {
		return true
	}
	const resetstat = commandPrefix + "config|resetstat"
	a, _ := before.Record(resetstat) // the zero Record until the first reset
	b, _ := after.Record(resetstat)
	return a != b
}

// infoCalls returns how often INFO was called. Dragonfly may write its name in
// capitals.
func infoCalls(info *redisinfo.Info) (int64, error) {
	record, ok := info.Record(commandPrefix + "INFO")
	if !ok {
		record, _ = info.Record(commandPrefix + "info")
	}
	return record.Int("calls")
}
