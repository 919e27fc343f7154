package catalog_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

const fixtures = "../redisinfo/testdata/"

// unknowns tells for each fixture which metrics its server gives no value of, and why.
// The fields are those that the sources of each server write; values are made up.
func unknowns() map[string]map[string]string {
	ofPrimary := map[string]string{
		"primary-link-up":         "the server is a primary",
		"primary-last-io-seconds": "the server is a primary",
	}
	with := func(more map[string]string) map[string]string {
		for name, reason := range ofPrimary {
			more[name] = reason
		}
		return more
	}
	return map[string]map[string]string{
		"redis-5.0.txt": with(map[string]string{
			"tracking-clients":                            "tracking_clients: not reported",
			"pubsub-clients":                              "pubsub_clients: not reported",
			"client-utilization":                          "maxclients: not reported",
			"pubsub-shard-channels":                       "pubsubshard_channels: not reported",
			"failed-calls-per-second":                     "failed_calls: not reported",
			"rejected-calls-per-second":                   "rejected_calls: not reported",
			"errors-per-second":                           "total_error_replies: not reported",
			"command-latency-percentile-microseconds":     "Latencystats: not reported",
			"network-replication-input-bytes-per-second":  "total_net_repl_input_bytes: not reported",
			"network-replication-output-bytes-per-second": "total_net_repl_output_bytes: not reported",
			"rdb-last-save-age-seconds":                   "server_time_usec: not reported",
		}),
		"redis-6.2.txt": with(beforeSeven()),
		"keydb-6.3.txt": with(beforeSeven()), "keydb-6.3-active-replica.txt": with(beforeSeven()),
		"redis-7.0.txt": with(map[string]string{"pubsub-clients": "pubsub_clients: not reported"}),
		"redis-7.0-replica.txt": {
			"pubsub-clients":          "pubsub_clients: not reported",
			"replication-lag-bytes":   "no replica is connected",
			"replication-lag-seconds": "no replica is connected",
		},
		"redis-7.4.txt":  with(map[string]string{}),
		"redis-8.2.txt":  with(map[string]string{}),
		"valkey-8.0.txt": with(map[string]string{}),
		"valkey-9.0.txt": with(map[string]string{}),
		"dragonfly-1.37.txt": with(map[string]string{
			"tracking-clients":                            "tracking_clients: not reported",
			"pubsub-clients":                              "pubsub_clients: not reported",
			"client-utilization":                          "maxclients: not reported",
			"pubsub-channels":                             "pubsub_channels: not reported",
			"pubsub-patterns":                             "pubsub_patterns: not reported",
			"pubsub-shard-channels":                       "pubsubshard_channels: not reported",
			"failed-calls-per-second":                     "failed_calls: not reported",
			"rejected-calls-per-second":                   "rejected_calls: not reported",
			"errors-per-second":                           "total_error_replies: not reported",
			"used-memory-dataset-bytes":                   "used_memory_dataset: not reported",
			"memory-fragmentation-ratio":                  "mem_fragmentation_ratio: not reported",
			"rejected-connections-per-second":             "went from -1",
			"network-replication-input-bytes-per-second":  "total_net_repl_input_bytes: not reported",
			"network-replication-output-bytes-per-second": "total_net_repl_output_bytes: not reported",
			"rdb-changes-since-last-save":                 "rdb_changes_since_last_save: not reported",
			"rdb-last-save-age-seconds":                   "server_time_usec: not reported",
			"aof-rewrite-in-progress":                     "aof_rewrite_in_progress: not reported",
			"cpu-cores":                                   "six decimals",
			"replication-lag-bytes":                       "master_repl_offset: not reported",
			"replication-lag-seconds":                     "slave0: offset: not reported",
		}),
	}
}

func beforeSeven() map[string]string {
	return map[string]string{
		"pubsub-clients":                              "pubsub_clients: not reported",
		"pubsub-shard-channels":                       "pubsubshard_channels: not reported",
		"command-latency-percentile-microseconds":     "Latencystats: not reported",
		"network-replication-input-bytes-per-second":  "total_net_repl_input_bytes: not reported",
		"network-replication-output-bytes-per-second": "total_net_repl_output_bytes: not reported",
	}
}

func TestAbsentFieldsMakeJustTheirMetricsUnknown(t *testing.T) {
	c := catalog.Builtin()
	for file, unknown := range unknowns() {
		t.Run(file, func(t *testing.T) {
			h := grownFixture(t, file)
			for _, m := range c.All() {
				got, err := m.Read(h, catalog.Query{Now: h.end})
				reason, isUnknown := unknown[m.Name]
				if !isUnknown {
					if err != nil {
						t.Errorf("%s: %v; want a value", m.Name, err)
					}
					continue
				}
				if !noNumber(err) || !strings.Contains(err.Error(), reason) {
					t.Errorf("%s = %v, %v; want an error with %q", m.Name, got.Value, err, reason)
				}
			}
		})
	}
}

// An active replica of KeyDB takes writes as a primary does. How its peers bring
// theirs is not a request; the writes are.
func TestActiveReplicaOfKeyDBIsAPrimary(t *testing.T) {
	want, got := grownFixture(t, "keydb-6.3.txt"), grownFixture(t, "keydb-6.3-active-replica.txt")
	if role, err := catalog.Role(got.last); err != nil || role != "primary" {
		t.Errorf("its role is %q, %v", role, err)
	}
	requests := metric(t, catalog.RequestsPerSecond)
	q := catalog.Query{Now: got.end, Selector: picking(t, "role=primary")}
	active, err := requests.Read(got, q)
	q.Now = want.end
	alone, errAlone := requests.Read(want, q)
	if err != nil || errAlone != nil || active.Value != alone.Value || active.Value == 0 {
		t.Errorf("requests are %v, %v; want %v, %v", active.Value, err, alone.Value, errAlone)
	}
}

func TestEachFixtureIsInTheTable(t *testing.T) {
	files, err := filepath.Glob(fixtures + "*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		// The answer of a real server stands there as well, for the parser.
		if name := filepath.Base(file); unknowns()[name] == nil && name != "redis-7.0.15-all.txt" {
			t.Errorf("fixture %s is not in the table", name)
		}
	}
}

// TestVersionsAreThoseThatHaveTheFields compares the versions that the rows state
// with the fixtures of Redis.
func TestVersionsAreThoseThatHaveTheFields(t *testing.T) {
	c := catalog.Builtin()
	versions := map[string]string{"redis-5.0.txt": "5.0.14", "redis-6.2.txt": "6.2.14", "redis-7.0.txt": "7.0.15", "redis-7.4.txt": "7.4.1"}
	for file, version := range versions {
		h := grownFixture(t, file)
		for _, m := range c.All() {
			_, err := m.Read(h, catalog.Query{Now: h.end})
			lacks := m.Versions != "" && older(version, strings.TrimSuffix(m.Versions, "+"))
			if errors.Is(err, redisinfo.ErrAbsent) != lacks {
				t.Errorf("%s, of %q, on %s: %v", m.Name, m.Versions, version, err)
			}
		}
	}
}

// grownFixture is a fixture and what it may be ten seconds later.
func grownFixture(t testing.TB, file string) twoSamples {
	t.Helper()
	first := fixtureLines(t, file)
	last := make([]string, 0, len(first))
	for _, line := range first {
		last = append(last, grow(t, line))
	}
	return over(t, first, last)
}

func fixtureLines(t testing.TB, file string) []string {
	t.Helper()
	text, err := os.ReadFile(fixtures + file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(text), "\n")
}

// grow adds to the counters of a line of INFO.
func grow(t testing.TB, line string) string {
	t.Helper()
	counters := []string{
		"total_commands_processed", "total_connections_received", "total_net_input_bytes", "total_net_output_bytes",
		"total_net_repl_input_bytes", "total_net_repl_output_bytes", "keyspace_hits", "keyspace_misses", "evicted_keys",
		"expired_keys", "total_error_replies",
	}
	key, value, _ := strings.Cut(line, ":")
	if slices.Contains(counters, key) {
		n, err := strconv.Atoi(value)
		if err != nil {
			t.Fatal(err)
		}
		return key + ":" + strconv.Itoa(n+10)
	}
	if strings.HasPrefix(key, "cmdstat_") || strings.HasPrefix(key, "errorstat_") {
		number := regexp.MustCompile(`=[0-9]+`)
		return number.ReplaceAllStringFunc(line, func(found string) string {
			n, err := strconv.Atoi(found[1:])
			if err != nil {
				t.Fatal(err)
			}
			return "=" + strconv.Itoa(n+10)
		})
	}
	return line
}
