package hostile

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

func honest(info func() string) reply {
	return func(command []string) string {
		switch command[0] {
		case "hello":
			return "-ERR unknown command 'HELLO'\r\n"
		case "client", "select", "readonly":
			return "+OK\r\n"
		case "info":
			return redistest.Bulk(info())
		case "echo":
			return redistest.Bulk(command[len(command)-1])
		case "scan":
			return nextPage()
		}
		return fmt.Sprintf(":%d\r\n", anyNumber())
	}
}

var nextPage = rotating(page)

func page() string {
	const keys = 1000
	var text strings.Builder
	fmt.Fprintf(&text, "*2\r\n%s*%d\r\n", redistest.Bulk(fmt.Sprint(1+anyNumber())), keys)
	for range keys {
		text.WriteString(redistest.Bulk(fmt.Sprintf("key:%d", anyNumber())))
	}
	return text.String()
}

// grown is what all counters of all servers say, so that rates are known and jump.
var grown atomic.Int64

// fields makes an INFO of numbers that jump. More is a part of it that comes last.
func fields(identity, role, more string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "# Server\r\nredis_version:6.2.0\r\nrun_id:%s\r\nloading:0\r\nrole:%s\r\n", identity, role)
	for _, name := range []string{"connected_clients", "blocked_clients", "used_memory", "used_memory_rss", "maxmemory", "connected_slaves"} {
		fmt.Fprintf(&text, "%s:%d\r\n", name, anyNumber())
	}
	calls := grown.Add(anyNumber() >> 10)
	for _, name := range []string{
		"uptime_in_seconds", "total_commands_processed", "total_net_input_bytes", "total_net_output_bytes", "keyspace_hits",
		"keyspace_misses", "evicted_keys", "expired_keys", "rejected_connections", "master_repl_offset",
	} {
		fmt.Fprintf(&text, "%s:%d\r\n", name, calls)
	}
	fmt.Fprintf(&text, "# Keyspace\r\ndb0:keys=%d,expires=0\r\n# Commandstats\r\ncmdstat_get:calls=%d,usec=1\r\n%s", anyNumber(), calls, more)
	return text.String()
}

const identity = "0123456789abcdef0123456789abcdef01234567"

func jumping() string { return fields(identity, "master", "") }

// mostInfo is just below what is read of an INFO, and mostRecords of its lines.
const mostInfo, mostRecords = 240 << 10, 8000

// many makes records until there are enough for one INFO.
func many(record func(n int) string) string {
	var text strings.Builder
	for n := 0; n < mostRecords && text.Len() < mostInfo; n++ {
		text.WriteString(record(n))
	}
	return text.String()
}

// rotating makes some texts and returns them in turn: to make a new one each time would take more of the processors than
// to read it.
func rotating(text func() string) func() string {
	const texts = 8
	var turn atomic.Int64
	made := sync.OnceValue(func() (all [texts]string) {
		for n := range all {
			all[n] = text()
		}
		return all
	})
	return func() string { return made()[turn.Add(1)%texts] }
}

func replicas(count int) string {
	var text strings.Builder
	for n := range count {
		fmt.Fprintf(&text, "slave%d:ip=127.1.%d.%d,port=%d,state=online,offset=1,lag=0\r\n", n, n/250, n%250, 1+anyNumber()%1000)
	}
	return text.String()
}

func infos(turn func() bool) map[string]func() string {
	with := func(more func() string) func() string {
		return func() string { return fields(identity, "master", more()) }
	}
	records := func(format string) func() string {
		return with(rotating(func() string {
			return many(func(n int) string { return fmt.Sprintf(format+"\r\n", n, anyNumber(), anyNumber()) })
		}))
	}
	return map[string]func() string{
		"numbers that jump":        jumping,
		"counters that fall":       with(func() string { return fmt.Sprintf("cmdstat_set:calls=%d,usec=1\r\n", anyNumber()) }),
		"another run_id each time": func() string { return fields(fmt.Sprintf("%040x", anyNumber()), "master", "") },
		"run_id of 1 MiB":          func() string { return fields(strings.Repeat("a", mebibyte), "master", "") },
		"run_id of 200 KiB":        func() string { return fields(strings.Repeat("a", 200<<10), "master", "") },
		"command with a long name": with(func() string { return "cmdstat_" + strings.Repeat("b", 200<<10) + ":calls=1\r\n" }),
		"command of 1 MiB":         with(func() string { return "cmdstat_" + strings.Repeat("b", mebibyte) + ":calls=1\r\n" }),
		"thousands of commands":    records("cmdstat_c%d:calls=%d,usec=%d"),
		"commands that change":     records("cmdstat_%d-%x:calls=%d,usec=1"),
		"thousands of fields":      records("field-%d:%d%d"),
		"thousands of errors":      records("errorstat_%d-%x:count=%d"),
		"thousands of databases":   records("db%d:keys=%d,expires=%d"),
		"10,000 replicas":          with(rotating(func() string { return replicas(10_000) })),
		"4,000 replicas":           with(rotating(func() string { return replicas(4_000) })),
		"role that changes": func() string {
			return fields(identity, map[bool]string{true: "master", false: "slave"}[turn()], "")
		},
	}
}

// lying returns servers that speak the protocol, and do not tell the truth.
func lying(t *testing.T, did *tally) []server {
	t.Helper()
	var asked atomic.Int64
	turn := func() bool { return asked.Add(1)%2 == 0 }
	replies := map[string]reply{"every other attempt fails": func(command []string) string {
		if command[0] == "info" && turn() {
			return "-LOADING Redis is loading the dataset in memory\r\n"
		}
		return honest(jumping)(command)
	}}
	for name, info := range infos(turn) {
		replies[name] = honest(info)
	}
	var all []server
	for name, say := range replies {
		where := at(listen(t, did, name, speaking(say)))
		if strings.HasSuffix(name, "replicas") {
			where["replicas"] = "Sample"
		}
		all = append(all, server{name, where})
	}
	return all
}
