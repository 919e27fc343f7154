package soak

import (
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redis-metrics/redis-metrics-adapter/hack/faults"
	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

func sampled(where map[string]any) map[string]any {
	where["replicas"] = "Sample"
	return where
}

func (w *fixture) sentinel(t *testing.T, program redistest.Program) {
	t.Helper()
	const name = "soaked"
	first := program.New(t, append(faults.Persistent(), "--repl-diskless-sync-delay", "0")...)
	all := append([]*redistest.Server{first}, first.Replicas(1, faults.Persistent()...)...)
	watching := redistest.NewSentinels(t, 3, name, first, 1)
	addresses, named := addresses(watching.Nodes)
	load := w.load(t, redis.NewFailoverClient(verifier.FailoverOptions(name, addresses)))
	w.lane(t, w.naming("sentinel", program), faults.Sentinel, verifier.Watched, first, sampled(map[string]any{"sentinel": map[string]any{"masterName": name, "addresses": named}}),
		faults.Subject{Sentinels: watching, MasterName: name, Primaries: all, Load: load})
}

func (w *fixture) cluster(t *testing.T, program redistest.Program) {
	t.Helper()
	nodes := program.NewCluster(t, 3, 1, faults.ClusterArguments()...)
	addresses, named := addresses(nodes.Nodes)
	load := w.load(t, redis.NewClusterClient(verifier.ClusterOptions(addresses)))
	w.lane(t, w.naming("cluster", program), faults.Cluster, verifier.Sharded, nodes.Nodes[0], sampled(map[string]any{"cluster": map[string]any{"addresses": named}}),
		faults.Subject{Cluster: nodes, Load: load})
}

func (w *fixture) naming(what string, program redistest.Program) string {
	if len(w.programs) == 1 {
		return what
	}
	return what + "-" + strings.ReplaceAll(program.Name, ".", "-")
}

func addresses(nodes []*redistest.Server) (all []string, named []any) {
	for _, one := range nodes {
		all, named = append(all, one.Addr), append(named, one.Addr)
	}
	return all, named
}

const syncing = 20 * time.Second

// replicated are two primaries with a replica each, one object of a primary and one of a replica.
func (w *fixture) replicated(t *testing.T) {
	t.Helper()
	pair := func() faults.Subject {
		primary := w.next().New(t, append(faults.Persistent(), "--repl-diskless-sync-delay", "0", "--maxmemory", strconv.Itoa(verifier.MaxMegabytes)+"mb")...)
		link := w.link(t, primary)
		host, port, err := net.SplitHostPort(link.Address())
		if err != nil {
			t.Fatal(err)
		}
		follower := primary.Program.New(t, append(faults.Persistent(), "--replicaof", host+" "+port, "--repl-diskless-sync-delay", "0")...)
		load := w.load(t, redis.NewClient(verifier.Options(primary.Addr, "", "")))
		primary.Do("wait", 1, syncing.Milliseconds()) // until the replica is online
		return faults.Subject{Primary: primary, Follower: follower, Link: link, Back: w.link(t, primary), Load: load}
	}
	subject := pair()
	w.lane(t, "replicated", faults.Replicas, verifier.Replicated, subject.Primary, sampled(faults.At(subject.Primary.Addr)), subject)
	subject = pair()
	w.lane(t, "replica", faults.Replica, verifier.Replica, subject.Follower, faults.At(subject.Follower.Addr), subject)
}

// reportedInfo is a server whose INFO is rewritten on its way.
func (w *fixture) reportedInfo(t *testing.T) {
	t.Helper()
	server := w.next().New(t, faults.Persistent()...)
	proxy, err := faults.NewInfoProxy(server.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Close)
	load := w.load(t, redis.NewClient(verifier.Options(server.Addr, "", "")))
	w.lane(t, "reported-info", faults.ReportedInfo, verifier.Rewritten, server, sampled(faults.At(proxy.Address())), faults.Subject{Server: server, Load: load, InfoProxy: proxy})
}
