package connection

import (
	"net"
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

func TestConnectionsToOneServerAreBounded(t *testing.T) {
	server := &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 6379}
	const service = "redis.team-b.svc:6379"
	in := func(namespace, address string) *target.Target {
		return &target.Target{NamespacedName: types.NamespacedName{Namespace: namespace}, Address: address}
	}
	limit := newConnectionLimit()
	var releases []func()
	// take begins connections until one is refused.
	take := func(of *target.Target, want int) {
		t.Helper()
		got := 0
		for ; got <= maxConnections; got++ {
			release, err := limit.begin(server, of, of.Address)
			if err != nil {
				if reason.Classify(err).Reason != reason.TooManyConnections {
					t.Fatal(err)
				}
				break
			}
			releases = append(releases, release)
		}
		if got != want {
			t.Fatalf("%s got %d connections, want %d", of.Namespace, got, want)
		}
	}
	take(in("team-a", "10.0.0.1:6379"), maxConnections/2)
	take(in("team-c", "10.0.0.1:6379"), 0)
	take(in("team-b", "10.0.0.1:6379"), 0)
	take(in("team-b", service), maxConnections/2)
	take(in("team-d", "redis.team-d.svc:6379"), 0)
	for _, release := range releases {
		release()
		release() // as often as a connection is closed
	}
	if len(limit.counts) != 0 {
		t.Fatalf("%v are left", limit.counts)
	}
	// A Service of ExternalName leads anywhere: the servers of others included.
	take(in("team-a", "alias.team-a.svc:6379"), maxConnections/2)
	take(in("team-b", service), maxConnections/2)
}

func TestOwnServerIsAServiceOfTheNamespace(t *testing.T) {
	for address, want := range map[string]bool{
		"redis.team-a.svc:6379":                      true,
		"Redis.Team-A.SVC:6379":                      true,
		"redis-0.redis.team-a.svc.cluster.local:1":   true,
		"redis.team-a.svc.cluster.local.:6379":       true,
		"redis.team-a:6379":                          false,
		"redis.team-b.svc:6379":                      false,
		"redis.team-a.svc.example.com:6379":          false,
		"redis.xteam-a.svc:6379":                     false,
		"10.0.0.1:6379":                              false,
		"unix:///var/run/redis.team-a.svc":           false,
		"unix:///var/run/redis.sock.team-a.svc:6379": false,
	} {
		tgt := &target.Target{NamespacedName: types.NamespacedName{Namespace: "team-a"}, Address: address}
		if got := ownServer(tgt, address); got != want {
			t.Errorf("ownServer(%s) = %t, want %t", address, got, want)
		}
		if ownServer(tgt, "10.0.0.2:6379") {
			t.Errorf("what the server at %s names counts as its own", address)
		}
	}
}
