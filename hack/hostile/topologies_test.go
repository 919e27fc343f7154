package hostile

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// hostileServers starts the servers of the tenant that the flags leave.
func hostileServers(t *testing.T, w *fixture, did *tally) []server {
	t.Helper()
	all := append(broken(t, did), lying(t, did)...)
	all = append(append(all, sentinels(t, w, did)...), clusters(t, did)...)
	slices.SortFunc(all, func(a, b server) int { return strings.Compare(a.name, b.name) }) // as in each other run
	all = slices.DeleteFunc(all, func(one server) bool { return !strings.Contains(one.name, *servers) })
	if len(all) == 0 {
		t.Fatalf("no server of the tenant has %q in its name", *servers)
	}
	return all
}

func pair(first, second string) string {
	return "*2\r\n" + redistest.Bulk(first) + redistest.Bulk(second)
}

func sentinel(primary func() (host, port string)) reply {
	otherwise := honest(jumping)
	return func(command []string) string {
		if command[0] != "sentinel" {
			return otherwise(command)
		}
		if strings.EqualFold(command[1], "master") {
			return pair("config-epoch", fmt.Sprint(anyNumber()))
		}
		return pair(primary())
	}
}

func sentinels(t *testing.T, w *fixture, did *tally) []server {
	t.Helper()
	lie := listen(t, did, "primary that a Sentinel names", speaking(honest(jumping)))
	manyReplicas := listen(t, did, "primary of 10,000 replicas that a Sentinel names", speaking(honest(infos(nil)["10,000 replicas"])))
	plane, err := url.Parse(w.Config().Host)
	if err != nil {
		t.Fatal(err)
	}
	forbidden := [][2]string{
		{"127.0.0.1", plane.Port()}, {"169.254.169.254", "80"}, {"fe80::1", "6379"}, {"0.0.0.0", plane.Port()}, {"::ffff:127.0.0.1", plane.Port()},
		{"192.0.2.1", "6379"}, {"127.9.9.9", "1"}, {"224.0.0.1", "6379"}, {"", ""}, {strings.Repeat("a", 300), "6379"},
	}
	var turn atomic.Int64
	var all []server
	for name, say := range map[string]reply{
		"Sentinel of a server that lies":        sentinel(func() (string, string) { return "127.0.0.1", lie }),
		"Sentinel of 10,000 replicas":           sentinel(func() (string, string) { return "127.0.0.1", manyReplicas }),
		"Sentinel of forbidden addresses":       sentinel(func() (string, string) { to := forbidden[int(turn.Add(1))%len(forbidden)]; return to[0], to[1] }),
		"Sentinel of another primary each time": sentinel(func() (string, string) { return anyLoopback(), fmt.Sprint(1 + anyNumber()%1000) }),
		"Sentinel of 10,000 fields": func(command []string) string {
			if command[0] != "sentinel" {
				return honest(jumping)(command)
			}
			return "*20000\r\n" + strings.Repeat(redistest.Bulk("config-epoch"), 20_000)
		},
	} {
		port := listen(t, did, name, speaking(say))
		all = append(all, server{name, map[string]any{
			"replicas": "Sample",
			"sentinel": map[string]any{"masterName": "mymaster", "addresses": []any{net.JoinHostPort(tenantHost, port)}},
		}})
	}
	return all
}

// anyLoopback returns an address of this machine where nobody listens.
func anyLoopback() string {
	n := anyNumber()
	return fmt.Sprintf("127.%d.%d.%d", 2+n%200, n>>8%256, 1+n>>16%250)
}

// slots is an answer to CLUSTER SLOTS of so many shards, which are others each time.
func slots(shards int, host func() string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "*%d\r\n", shards)
	each := 16384 / shards
	for n := range shards {
		last := (n+1)*each - 1
		if n == shards-1 {
			last = 16383
		}
		fmt.Fprintf(&text, "*3\r\n:%d\r\n:%d\r\n*3\r\n%s:%d\r\n%s", n*each, last, redistest.Bulk(host()), 1+anyNumber()%1000, redistest.Bulk(fmt.Sprintf("%040x", anyNumber())))
	}
	return text.String()
}

func clusters(t *testing.T, did *tally) []server {
	t.Helper()
	otherwise := honest(jumping)
	var all []server
	for name, seen := range map[string]func() string{
		"cluster of 8,000 shards":          func() string { return slots(8000, anyLoopback) },
		"cluster of 120 others each time":  func() string { return slots(120, anyLoopback) },
		"cluster of link-local nodes":      func() string { return slots(120, func() string { return "169.254.169.254" }) },
		"cluster of nodes with long names": func() string { return slots(120, func() string { return strings.Repeat("n", 4096) }) },
		"cluster of nested shards":         func() string { return strings.Repeat("*1\r\n", 1000) + "*0\r\n" },
	} {
		seen := rotating(seen)
		port := listen(t, did, name, speaking(func(command []string) string {
			switch {
			case command[0] != "cluster":
				return otherwise(command)
			case strings.EqualFold(command[1], "info"):
				return redistest.Bulk("cluster_state:ok\r\ncluster_enabled:1\r\n")
			case strings.EqualFold(command[1], "slots"), strings.EqualFold(command[1], "shards"):
				return seen()
			}
			return "*0\r\n"
		}))
		all = append(all, server{name, map[string]any{
			"replicas": "Sample",
			"cluster":  map[string]any{"partial": "Allow", "addresses": []any{net.JoinHostPort(tenantHost, port)}},
		}})
	}
	return all
}
