package topology

import (
	"context"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode"

	"go.uber.org/goleak"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/samplertest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// hostile are answers that no honest server gives, to any command.
func hostile() map[string]string {
	return map[string]string{
		"a bulk string of 2 GiB":          "$2147483648\r\n",
		"a bulk string of 8 EiB":          "$9223372036854775807\r\n",
		"a bulk string past the bound":    "$1048577\r\n" + strings.Repeat("x", 1<<20),
		"an endless bulk string":          "$1048000\r\n" + strings.Repeat("x", 4<<20),
		"a bulk string of length -2":      "$-2\r\n",
		"a bulk string that ends wrongly": "$3\r\nabcde\r\n",
		"a bulk string of no length":      "$\r\n",
		"half a bulk string":              "$100\r\nabc",
		"an array of 2 billion":           "*2147483647\r\n",
		"an array of length -5":           "*-5\r\n",
		"an array of many nulls":          "*1024\r\n" + strings.Repeat("$-1\r\n", 1024),
		"half an array":                   "*10\r\n:1\r\n",
		"arrays 100,000 deep":             strings.Repeat("*1\r\n", 100_000),
		"a wide and deep array":           strings.Repeat("*1024\r\n", 9),
		"a line without an end":           "+" + strings.Repeat("x", 2<<20),
		"a line that ends in LF":          "+OK\n",
		"an empty line":                   "\r\n",
		"NUL bytes":                       strings.Repeat("\x00", 100),
		"garbage":                         "\xff\xfe\r\n\r\n",
		"HTTP":                            "HTTP/1.1 200 OK\r\n\r\n",
		"a map of RESP3":                  "%2\r\n+a\r\n:1\r\n+b\r\n:2\r\n",
		"a push of RESP3":                 ">2\r\n+invalidate\r\n*0\r\n",
		"a stream of RESP3":               "$?\r\n;4\r\nabcd\r\n;0\r\n",
		"a number that is none":           ":9999999999999999999999\r\n",
		"an error with control bytes":     "-ERR \x1b[2J\x07\r\n",
		"many answers":                    strings.Repeat("+x\r\n", 1<<18),
		"nothing":                         "",
		"the end":                         samplertest.HangUp,
	}
}

// phases are the moments at which a server can answer, as first words of a command.
func phases() map[string]func(t *testing.T, addr string) *target.Target {
	standalone := func(t *testing.T, addr string) *target.Target { return samplertest.TargetAt("hostile", addr) }
	declaring := func(t *testing.T, addr string) *target.Target {
		tgt := samplertest.TargetAt("hostile", addr)
		tgt.Probes = probe.Compile([]*probe.Probe{probe.List("k")})
		return tgt
	}
	inCluster := func(t *testing.T, addr string) *target.Target {
		tgt := samplertest.TargetAt("hostile", "")
		tgt.Cluster = &target.Cluster{Addresses: []string{addr}}
		return tgt
	}
	inSentinel := func(t *testing.T, addr string) *target.Target {
		tgt := samplertest.TargetAt("hostile", "")
		tgt.Sentinel = &target.Sentinel{MasterName: "m", Addresses: []string{addr}}
		return tgt
	}
	return map[string]func(t *testing.T, addr string) *target.Target{
		"hello": standalone, "client setname": standalone, "info": standalone, "echo": standalone,
		"llen":            declaring,
		"sentinel master": inSentinel, "sentinel get-master-addr-by-name": inSentinel,
		"cluster info": inCluster, "cluster slots": inCluster,
	}
}

// TestHostileServers checks that whatever a server answers at whatever moment, the
// attempt ends in time and without a panic, a goroutine left behind or memory past the bound.
func TestHostileServers(t *testing.T) {
	for phase, targeting := range phases() {
		t.Run(phase, func(t *testing.T) {
			before := goleak.IgnoreCurrent()
			t.Cleanup(func() { goleak.VerifyNone(t, before) })
			for name, answer := range hostile() {
				t.Run(name, func(t *testing.T) { holdOut(t, phase, targeting, answer) })
			}
		})
	}
}

func holdOut(t *testing.T, phase string, targeting func(*testing.T, string) *target.Target, answer string) {
	honest := make(chan samplertest.Reply, 1)
	server := samplertest.NewRawStub(t, func(asked []string) string {
		if strings.HasPrefix(strings.ToLower(strings.Join(asked, " ")), phase) {
			return answer
		}
		return peek(honest)(asked)
	})
	honest <- honestAt(t, server.Addr)
	tgt := targeting(t, server.Addr)
	tgt.Timeout = 100 * time.Millisecond
	asked := nodesOf(t, tgt, open(t))
	defer asked.Close()
	var earlier, later runtime.MemStats
	runtime.ReadMemStats(&earlier)
	begun := time.Now()
	sample, _, err := asked.Attempt(context.Background())
	took := time.Since(begun)
	runtime.ReadMemStats(&later)
	switch {
	case err == nil && phase == "llen" && len(sample.Probed) == 1 && sample.Probed[0].Err != nil:
	case err == nil && (phase == "hello" || phase == "client setname"):
		// An old server refuses both, and what it says is not read further.
	case err == nil:
		t.Errorf("the attempt succeeded: %+v", sample)
	case strings.ContainsFunc(err.Error(), unicode.IsControl) || strings.Contains(err.Error(), server.Addr):
		t.Errorf("the error shows what it must not: %q", err)
	}
	if took > 50*tgt.Timeout {
		t.Errorf("the attempt took %v, the timeout is %v", took, tgt.Timeout)
	}
	const bound = 16 << 20 // the answers are of 4 MiB at most, and the stub has them in memory as well
	if grown := later.TotalAlloc - earlier.TotalAlloc; grown > bound {
		t.Errorf("the attempt allocated %d bytes, the bound is %d", grown, bound)
	}
}

// peek returns what a channel holds, and leaves it there: a server must be
// started before what it answers, which tells its address, can be made.
func peek(honest chan samplertest.Reply) samplertest.Reply {
	r := <-honest
	honest <- r
	return r
}

// honestAt answers as a healthy server at an address does, one of a cluster and a sentinel as well.
func honestAt(t *testing.T, addr string) samplertest.Reply {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return func(asked []string) string {
		switch strings.ToLower(strings.Join(asked[:min(2, len(asked))], " ")) {
		case "cluster info":
			return redistest.Bulk("cluster_state:ok\r\n")
		case "cluster slots":
			return "*1\r\n*3\r\n:0\r\n:16383\r\n*3\r\n" + redistest.Bulk(host) + ":" + port + "\r\n" + redistest.Bulk("a")
		case "sentinel master":
			return "*2\r\n" + redistest.Bulk("config-epoch") + redistest.Bulk("1")
		case "sentinel get-master-addr-by-name":
			return "*2\r\n" + redistest.Bulk(host) + redistest.Bulk(port)
		}
		switch asked[0] {
		case "hello":
			return "-ERR unknown command 'HELLO'\r\n"
		case "client":
			return "+OK\r\n"
		case "llen":
			return ":1\r\n"
		}
		return samplertest.Healthy(samplertest.GoodInfo)(asked)
	}
}

func TestHonestServersOfTheHostileTestSucceed(t *testing.T) {
	for phase, targeting := range phases() {
		honest := make(chan samplertest.Reply, 1)
		server := samplertest.NewRawStub(t, func(asked []string) string { return peek(honest)(asked) })
		honest <- honestAt(t, server.Addr)
		asked := nodesOf(t, targeting(t, server.Addr), open(t))
		if sample, _, err := asked.Attempt(context.Background()); err != nil || len(sample.Nodes) != 1 {
			t.Errorf("%s: %+v, %v", phase, sample, err)
		}
		asked.Close()
	}
}

func TestClusterThatNamesOneAddressForTwoNodes(t *testing.T) {
	honest := make(chan samplertest.Reply, 1)
	server := samplertest.NewRawStub(t, func(asked []string) string { return peek(honest)(asked) })
	host, port, err := net.SplitHostPort(server.Addr)
	if err != nil {
		t.Fatal(err)
	}
	member := func(slots, id string) string {
		return "*3\r\n" + slots + "*3\r\n" + redistest.Bulk(host) + ":" + port + "\r\n" + redistest.Bulk(id)
	}
	otherwise := honestAt(t, server.Addr)
	honest <- func(asked []string) string {
		if strings.EqualFold(strings.Join(asked, " "), "cluster slots") {
			return "*2\r\n" + member(":0\r\n:8191\r\n", "a") + member(":8192\r\n:16383\r\n", "b")
		}
		return otherwise(asked)
	}
	tgt := samplertest.TargetAt("twins", "")
	tgt.Cluster = &target.Cluster{Addresses: []string{server.Addr}}
	surveying(t, tgt).fail(reason.SharedServer)
}
