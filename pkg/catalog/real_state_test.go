package catalog_test

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

const mebibyte = 1 << 20

func stateProofs() []proof {
	return []proof{
		{
			name:    "keys that the test wrote",
			metrics: []string{"keys", "keyspace-keys", "expiring-keys-ratio", "rdb-changes-since-last-save"},
			run:     proveKeys,
		},
		{
			name: "a value of known size",
			args: []string{"--maxmemory", "256mb"},
			metrics: []string{
				"used-memory-bytes", "used-memory-rss-bytes", "used-memory-peak-bytes", "used-memory-dataset-bytes",
				"memory-utilization", "memory-fragmentation-ratio",
			},
			run: proveMemory,
		},
		{
			name:    "child processes that the test starts and ends",
			metrics: []string{"rdb-save-in-progress", "aof-rewrite-in-progress"},
			run:     proveChildren,
		},
		{
			name:    "time that the test measures",
			metrics: []string{"uptime-seconds", "rdb-last-save-age-seconds"},
			run:     proveTimes,
		},
		{
			name:    "work that the system measures",
			metrics: []string{"cpu-cores"},
			run:     proveCPU,
		},
	}
}

func proveKeys(l *lab) {
	const inZero, inFive, inTwenty, expiring = 12, 8, 3, 2
	l.database = 5
	for database, keys := range map[int]int{0: inZero, 5: inFive} {
		client := redis.NewClient(&redis.Options{Addr: l.server.Addr, DB: database, DisableIdentity: true, Protocol: 2})
		l.Cleanup(func() { _ = client.Close() })
		for n := range keys {
			if err := client.Set(l.Context(), fmt.Sprint("k", n), "v", 0).Err(); err != nil {
				l.Fatal(err)
			}
		}
		for n := range expiring {
			if err := client.Expire(l.Context(), fmt.Sprint("k", n), time.Hour).Err(); err != nil {
				l.Fatal(err)
			}
		}
	}
	l.sample()
	l.reads("keys", "", inFive, inFive)
	l.reads("keyspace-keys", "", inZero+inFive, inZero+inFive)
	l.reads("keyspace-keys", "db=0", inZero, inZero)
	l.reads("keyspace-keys", "db=7", 0, 0)
	l.reads("expiring-keys-ratio", "", float64(expiring)/inFive, float64(expiring)/inFive)
	const changes = inZero + inFive + 2*expiring
	l.reads("rdb-changes-since-last-save", "", changes, changes)
}

func proveMemory(l *lab) {
	// With what Redis adds to it, the value fills what the allocator gives in one piece.
	const value, empty, tolerance = 64*mebibyte - 1024, 4 * mebibyte, 0.1
	l.server.Do("setrange", "big", value-1, "x") // made by the server: no buffer holds a copy
	l.settles("used-memory-bytes", func() (low, high float64) { return value, value + empty })
	l.reads("used-memory-dataset-bytes", "", value, value+empty)
	l.reads("memory-utilization", "", float64(value)/(256*mebibyte), float64(value+empty)/(256*mebibyte))
	l.settles("used-memory-rss-bytes", func() (low, high float64) {
		resident := l.residentBytes()
		return resident * (1 - tolerance), resident * (1 + tolerance)
	})
	l.settles("memory-fragmentation-ratio", func() (low, high float64) {
		ratio := l.residentBytes() / value
		return ratio * (1 - tolerance), ratio * (1 + tolerance)
	})
	l.server.Do("del", "big")
	l.settles("used-memory-bytes", func() (low, high float64) { return 0, empty })
	l.reads("used-memory-peak-bytes", "", value, value+2*empty)
}

// residentBytes is VmRSS of proc(5).
func (l *lab) residentBytes() float64 {
	l.Helper()
	for line := range strings.Lines(l.proc("status")) {
		if text, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kibibytes, err := strconv.ParseFloat(strings.Fields(text)[0], 64)
			if err != nil {
				l.Fatal(err)
			}
			return kibibytes * 1024
		}
	}
	l.Fatal("proc status has no VmRSS")
	return 0
}

// proveChildren lets a child process wait at each key, and ends it by what
// makes its work void.
func proveChildren(l *lab) {
	for n := range 100 {
		l.server.Do("set", fmt.Sprint("k", n), "v")
	}
	l.server.Do("config", "set", "rdb-key-save-delay", "1000000")
	l.sample()
	l.reads("rdb-save-in-progress", "", 0, 0)
	l.reads("aof-rewrite-in-progress", "", 0, 0)
	l.server.Do("config", "set", "appendonly", "yes")
	l.settles("aof-rewrite-in-progress", func() (low, high float64) { return 1, 1 })
	l.server.Do("config", "set", "appendonly", "no")
	l.settles("aof-rewrite-in-progress", func() (low, high float64) { return 0, 0 })
	l.server.Do("bgsave")
	l.settles("rdb-save-in-progress", func() (low, high float64) { return 1, 1 })
	l.server.Do("flushall")
	l.settles("rdb-save-in-progress", func() (low, high float64) { return 0, 0 })
}

func proveTimes(l *lab) {
	started := time.Now()
	l.server.Do("save")
	saved := time.Now()
	since := func(start time.Time) func() (low, high float64) {
		return func() (low, high float64) {
			const rounding, starting = 1.1, 2 // whole seconds, and those before the test knew
			passed := time.Since(start).Seconds()
			return max(2, passed-rounding), passed + rounding + starting
		}
	}
	l.settles("uptime-seconds", since(started))
	l.settles("rdb-last-save-age-seconds", since(saved))
}
