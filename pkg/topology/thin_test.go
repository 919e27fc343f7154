package topology

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/samplertest"
)

// thin answers LLEN with 3 and INFO as a test says.
func thin(t *testing.T, info string) *samplertest.Stub {
	t.Helper()
	return samplertest.NewStub(t, func(asked []string) string {
		switch asked[0] {
		case "llen":
			return ":3\r\n"
		case "info":
			return info
		}
		return samplertest.Healthy("")(asked)
	})
}

// TestServersThatTellLittle checks that what INFO lacks makes unknown what needs
// it, and nothing else.
func TestServersThatTellLittle(t *testing.T) {
	refused := "the server does not let this adapter call INFO"
	for name, test := range map[string]struct {
		info    string
		clients float64
		says    string // why requests are unknown
	}{
		"no loading":        {redistest.Bulk("# Clients\r\nredis_version:6.2.6\r\nrole:master\r\nconnected_clients:7\r\n"), 7, "run_id"},
		"no role":           {redistest.Bulk("# Clients\r\nredis_version:6.2.6\r\nconnected_clients:7\r\n"), 7, "run_id"},
		"INFO is denied":    {"-NOPERM User default has no permissions to run the 'info' command\r\n", -1, refused},
		"INFO is not known": {"-ERR unknown command 'info', with args beginning with: 'all'\r\n", -1, refused},
	} {
		t.Run(name, func(t *testing.T) {
			tgt := samplertest.TargetAt("thin", thin(t, test.info).Addr)
			tgt.Probes = probe.Compile([]*probe.Probe{probe.List("jobs"), probe.Info("connected_clients", probe.Gauge, probe.Sum)})
			s := surveying(t, tgt)
			s.sample()
			newest := s.sample()
			if got := newest.Probed[0]; got.Err != nil || got.Value != 3 {
				t.Errorf("the list has %v, %v; want 3", got.Value, got.Err)
			}
			jobs := catalog.Declared{Name: "jobs", Probe: tgt.Probes.Probes()[0]}
			if got, err := jobs.Read(s.history, catalog.Query{Now: newest.At}); err != nil || got.Value != 3 {
				t.Errorf("the list is served as %v, %v; want 3", got.Value, err)
			}
			clients, err := samplertest.Read(t, s.history, catalog.ConnectedClients)
			if test.clients >= 0 && (err != nil || clients.Value != test.clients) || test.clients < 0 && (err == nil || !strings.Contains(err.Error(), refused)) {
				t.Errorf("clients are %v, %v", clients.Value, err)
			}
			if got, err := samplertest.Read(t, s.history, catalog.RequestsPerSecond); err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("requests are %v, %v; want an error with %q in it", got.Value, err, test.says)
			}
			if got := newest.Probed[1]; (got.Err != nil) != (test.clients < 0) || got.Err != nil && !strings.Contains(got.Err.Error(), refused) {
				t.Errorf("a declared field of INFO is %v, %v", got.Value, got.Err)
			}
		})
	}
}

// TestInfoIsNeededToKnowThePrimary checks that what sentinels and clusters name is
// not read where it does not tell its role.
func TestInfoIsNeededToKnowThePrimary(t *testing.T) {
	t.Parallel()
	server := redistest.New(t, "--cluster-enabled", "yes")
	server.Do("cluster", "addslotsrange", 0, 16383)
	samplertest.Poll(t, "the cluster is up", func() bool {
		text, _ := server.Do("cluster", "info").(string)
		return strings.Contains(text, "cluster_state:ok")
	})
	admin := samplertest.Restrict(t, server, append(samplertest.ACLRules(t), "-info"))
	defer admin.Close()
	tgt := clusterAt(&redistest.Cluster{Nodes: []*redistest.Server{server}})
	tgt.Probes = probe.Compile([]*probe.Probe{probe.List("jobs")})
	surveying(t, tgt).fail(reason.PermissionDenied)
}

// TestMoreReplicasThanAreSampled lists 70 replicas, all at servers that answer.
func TestMoreReplicasThanAreSampled(t *testing.T) {
	replica := func(n int) string {
		return samplertest.NewStub(t, samplertest.Healthy("loading:0\r\nrole:slave\r\nrun_id:"+strconv.Itoa(n)+"\r\nconnected_clients:1\r\n")).Addr
	}
	info := "loading:0\r\nrole:master\r\nrun_id:p\r\nconnected_clients:5\r\n"
	for n := range 70 {
		host, port, _ := strings.Cut(replica(n), ":")
		info += "slave" + strconv.Itoa(n) + ":ip=" + host + ",port=" + port + ",state=online,offset=1,lag=0\r\n"
	}
	tgt := samplertest.TargetAt("many", samplertest.NewStub(t, samplertest.Healthy(info)).Addr)
	tgt.Replicas = true
	s := surveying(t, tgt)
	newest := s.sample()
	if primaries, replicas, silent := roles(newest); primaries != 1 || replicas != maxReplicas || silent != 1 {
		t.Errorf("%d primaries, %d replicas and %d errors, want 1, %d and 1", primaries, replicas, silent, maxReplicas)
	}
	n := slices.IndexFunc(newest.Nodes, func(n history.Node) bool { return n.Err != nil })
	if got := newest.Nodes[n].Err; reason.Classify(got).Reason != reason.TooManyReplicas || !strings.Contains(got.Error(), "64") {
		t.Errorf("the replicas that are left out show as %v", got)
	}
	if got := s.gauge(catalog.ConnectedClients); got != 5 {
		t.Errorf("%v clients of the primary, want 5", got)
	}
	if got, err := s.metric(catalog.ConnectedClients, "role=replica"); err == nil || !strings.Contains(err.Error(), "64") {
		t.Errorf("%v clients of 64 of 70 replicas, %v", got, err)
	}
}
