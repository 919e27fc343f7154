package catalog_test

import (
	"fmt"
	"slices"
	"strings"
)

func proofs() []proof {
	return slices.Concat(trafficProofs(), clientProofs(), stateProofs(), replicationProofs())
}

func trafficProofs() []proof {
	return []proof{
		{
			name: "commands that the test sends",
			metrics: []string{
				"requests-per-second", "commands-per-second", "command-calls-per-second",
				"keyspace-hits-per-second", "keyspace-misses-per-second", "keyspace-hit-ratio",
			},
			run: proveCommands,
		},
		{
			name:    "calls that fail",
			metrics: []string{"failed-calls-per-second", "rejected-calls-per-second", "errors-per-second"},
			run:     proveErrors,
		},
		{
			name:    "latency that the client measures",
			metrics: []string{"command-latency-mean-microseconds", "command-latency-percentile-microseconds"},
			run:     proveLatency,
		},
		{
			name:    "bytes that go over a connection",
			metrics: []string{"network-input-bytes-per-second", "network-output-bytes-per-second"},
			run:     proveNetwork,
		},
		{
			name:    "keys that do not fit",
			args:    []string{"--maxmemory", "4mb", "--maxmemory-policy", "allkeys-lru"},
			metrics: []string{"evictions-per-second"},
			run:     proveEvictions,
		},
		{
			name:    "keys that expire",
			metrics: []string{"expirations-per-second"},
			run:     proveExpirations,
		},
	}
}

func proveCommands(l *lab) {
	const sets, gets, misses, pings = 40, 30, 10, 7
	l.sample()
	for n := range sets {
		l.server.Do("set", fmt.Sprint("k", n), "v")
	}
	for n := range gets {
		l.server.Do("get", fmt.Sprint("k", n))
	}
	for n := range misses {
		_ = l.server.Client().Get(l.Context(), fmt.Sprint("none", n)).Err()
	}
	for range pings {
		l.server.Do("ping")
	}
	l.sample()
	l.grew("requests-per-second", "", sets+gets+misses, 0)
	l.grew("requests-per-second", "command=set", sets, 0)
	const info = 1 // the first sample itself is counted after it was taken
	l.grew("commands-per-second", "", sets+gets+misses+pings+info, 0)
	l.grew("command-calls-per-second", "", sets+gets+misses+pings+info, 0)
	l.grew("command-calls-per-second", "command in (ping,get)", pings+gets+misses, 0)
	l.grew("keyspace-hits-per-second", "", gets, 0)
	l.grew("keyspace-misses-per-second", "", misses, 0)
	l.reads("keyspace-hit-ratio", "", float64(gets)/(gets+misses), float64(gets)/(gets+misses))
}

func proveErrors(l *lab) {
	const wrongType, wrongArity, unknown, own = 9, 5, 3, 2
	l.server.Do("lpush", "list", "x")
	l.sample()
	for times, command := range map[int]string{
		wrongType: "incr list", wrongArity: "get", unknown: "nosuchcommand",
		own: `eval "return redis.error_reply('10.0.0.1:6379 is down')" 0`,
	} {
		c := l.dial()
		for range times {
			c.say(command, "\r\n")
		}
	}
	l.sample()
	l.grew("failed-calls-per-second", "command=incr", wrongType, 0)
	l.grew("failed-calls-per-second", "", wrongType+own, 0)
	l.grew("rejected-calls-per-second", "", wrongArity, 0)
	l.grew("errors-per-second", "error=WRONGTYPE", wrongType, 0)
	l.grew("errors-per-second", "", wrongType+wrongArity+unknown+own, 0)
	if _, err := l.read("errors-per-second", "error=none"); err == nil || strings.Contains(err.Error(), "10.0.0.1") {
		l.Errorf("%v tells an address", err)
	}
}

func proveNetwork(l *lab) {
	const size = 2 << 20
	c := l.dial()
	l.sample()
	in, _ := c.say("*3\r\n$3\r\nset\r\n$1\r\nk\r\n$"+fmt.Sprint(size)+"\r\n"+strings.Repeat("x", size), "+OK\r\n")
	_, out := c.say("get k", "x\r\n")
	l.sample()
	const samples = 20 << 10 // what the samples themselves take
	l.grew("network-input-bytes-per-second", "", float64(in), samples)
	l.grew("network-output-bytes-per-second", "", float64(out), samples)
}

func proveEvictions(l *lab) {
	const written = 1000
	l.sample()
	for n := range written {
		l.server.Do("set", fmt.Sprint("k", n), strings.Repeat("x", 10<<10))
	}
	l.server.Do("config", "set", "maxmemory", "0") // each command evicts as long as there is a limit
	left := l.server.Do("dbsize").(int64)
	l.sample()
	if left == written {
		l.Fatal("no key was evicted")
	}
	l.grew("evictions-per-second", "", float64(written-left), 0)
}

func proveExpirations(l *lab) {
	const written = 50
	l.sample()
	l.server.Do("set", "stays", "v")
	for n := range written {
		l.server.Do("set", fmt.Sprint("k", n), "v", "px", "1")
	}
	if !until(func() bool { return l.server.Do("dbsize") == int64(1) }) {
		l.Fatal("the keys do not expire")
	}
	l.sample()
	l.grew("expirations-per-second", "", written, 0)
}
