package topology

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/credentials"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/samplertest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

const host = "127.0.0.1"

// user gives servers a user by the documented rules, or by others.
func user(t *testing.T, servers []*redistest.Server, name, password string, rules ...string) {
	t.Helper()
	for _, server := range servers {
		args := []any{"acl", "setuser", name, "on", ">" + password}
		for _, rule := range rules {
			args = append(args, rule)
		}
		server.Do(args...)
	}
}

// knowing are credentials of a user under TLS.
func knowing(t *testing.T, a *redistest.Authority, name, password string) *credentials.Credentials {
	t.Helper()
	c := samplertest.Trusting(t, a)
	c.Username, c.Password = name, password
	return c
}

// plainly finds a server by where it speaks TLS.
func plainly(t *testing.T, servers []*redistest.Server, tlsAddr string) *redistest.Server {
	t.Helper()
	n := slices.IndexFunc(servers, func(s *redistest.Server) bool { return s.TLSAddr == tlsAddr })
	if n < 0 {
		t.Fatalf("no server speaks TLS at %s", tlsAddr)
	}
	return servers[n]
}

// guarded is a primary, two replicas and three sentinels. All speak TLS among
// themselves and ask for passwords, sentinels for that of another user.
func guarded(t *testing.T) (servers []*redistest.Server, sentinels *redistest.Sentinels, tgt *target.Target, source *samplertest.Credentials) {
	t.Helper()
	authority := redistest.NewAuthority(t)
	args := append(authority.Arguments(host), "--requirepass", "admin-of-servers")
	primary := redistest.New(t, args...)
	servers = append([]*redistest.Server{primary}, primary.Replicas(2, args...)...)
	sentinels = redistest.NewSentinels(t, 3, masterName, primary, 2, append(authority.Arguments(host), "--requirepass", "admin-of-sentinels")...)
	user(t, servers, "metrics", "of-servers", samplertest.ACLRules(t)...)
	user(t, sentinels.Nodes, "watcher", "of-sentinels", sentinelRules(t)...)
	tgt = samplertest.TargetAt("guarded", "")
	tgt.Replicas, tgt.Timeout = true, 3*time.Second
	tgt.Sentinel = &target.Sentinel{MasterName: masterName}
	for _, node := range sentinels.Nodes {
		tgt.Sentinel.Addresses = append(tgt.Sentinel.Addresses, node.TLSAddr)
	}
	return servers, sentinels, tgt, &samplertest.Credentials{
		Newest:    knowing(t, authority, "metrics", "of-servers"),
		Sentinels: knowing(t, authority, "watcher", "of-sentinels"),
	}
}

// sentinelRules returns the rules of the documented user of a sentinel.
func sentinelRules(t *testing.T) []string {
	t.Helper()
	return samplertest.DocumentedRules(t, "topologies.md", "\nACL SETUSER redis-metrics-adapter-sentinel on >password ")
}

func TestSentinelFailoverUnderTLS(t *testing.T) {
	t.Parallel()
	servers, sentinels, tgt, source := guarded(t)
	s := surveying(t, tgt).by(source)
	s.sample()
	write(t, servers[0], 100, 2)
	if primaries, others, silent := roles(s.sample()); primaries != 1 || others != 2 || silent != 0 {
		t.Errorf("%d primaries, %d replicas and %d silent nodes, want 1, 2 and 0", primaries, others, silent)
	}
	s.counts("command=set", 100)
	s.counts("command=set,role=replica", 0)

	servers[0].Kill()
	s.fail(reason.ConnectionRefused)
	next := plainly(t, servers, sentinels.AwaitPrimary(servers[0]))
	s.recover()
	s.unknown(history.OneSample)
	samplertest.Work(t, next, 70, 0)
	s.sample()
	s.counts("command=exists", 70)
}

func TestSentinelsRotateTheirPassword(t *testing.T) {
	t.Parallel()
	_, sentinels, tgt, source := guarded(t)
	s := surveying(t, tgt).by(source)
	s.sample()
	good := source.Sentinels
	swap := source.SetSentinels
	wrong := *good
	wrong.Password = "wrong"
	swap(&wrong)
	says := s.sample().NotRenewed()
	if reason.Classify(says).Reason != reason.AuthenticationFailed || !strings.HasPrefix(says.Error(), "at the sentinels: ") {
		t.Errorf("a wrong new password of the sentinels shows as %q", says)
	}
	other := *good
	other.Password = "next"
	user(t, sentinels.Nodes, "watcher", "next")
	swap(&other)
	if says := s.sample().NotRenewed(); says != nil {
		t.Errorf("the new password is not taken: %v", says)
	}
	for _, node := range sentinels.Nodes {
		node.Do("acl", "setuser", "watcher", "<of-sentinels")
		node.Do("client", "kill", "type", "normal", "skipme", "yes")
	}
	s.sample()

	swap(&wrong)
	for _, node := range sentinels.Nodes {
		node.Do("client", "kill", "user", "watcher")
	}
	err := s.attempt()
	if failed := reason.Classify(err); failed.Reason != reason.AuthenticationFailed || !strings.HasPrefix(err.Error(), "at the sentinels: ") {
		t.Errorf("a wrong password of the sentinels gives %v", err)
	}
	swap(&other)
	s.recover()
}

func TestSentinelsThatRefuse(t *testing.T) {
	t.Parallel()
	_, sentinels, tgt, source := guarded(t)
	t.Run("another authority", func(t *testing.T) {
		strange := &samplertest.Credentials{Newest: source.Newest}
		strange.Sentinels = knowing(t, redistest.NewAuthority(t), "watcher", "of-sentinels")
		s := surveying(t, tgt).by(strange)
		s.fail(reason.ServerCertificateUntrusted)
		if says := s.attempt().Error(); says != "at the sentinels: the server's certificate is not signed by an authority that spec.sentinel.tls trusts" {
			t.Errorf("it says %q", says)
		}
	})
	t.Run("a user that may not ask", func(t *testing.T) {
		s := surveying(t, tgt).by(source)
		for _, rule := range []string{"sentinel|master", "sentinel|get-master-addr-by-name", "client|setname"} {
			user(t, sentinels.Nodes, "watcher", "of-sentinels", "-"+rule)
			s.by(source).fail(reason.PermissionDenied)
			user(t, sentinels.Nodes, "watcher", "of-sentinels", "+"+rule)
			s.by(source).recover()
		}
		user(t, sentinels.Nodes, "watcher", "of-sentinels", "-sentinel|master")
		if says := s.attempt().Error(); says != "at the sentinels: the ACL does not let this adapter call SENTINEL MASTER, SENTINEL GET-MASTER-ADDR-BY-NAME and CLIENT SETNAME" {
			t.Errorf("it says %q", says)
		}
	})
}

func TestClusterFailoverUnderTLS(t *testing.T) {
	t.Parallel()
	authority := redistest.NewAuthority(t)
	c := redistest.NewCluster(t, 3, 3, append(authority.Arguments(host), "--requirepass", "admin")...)
	user(t, c.Nodes, "metrics", "of-the-cluster", samplertest.ACLRules(t)...)
	tgt := clusterAt(c)
	tgt.Cluster.Addresses = []string{c.Nodes[0].TLSAddr, c.Nodes[5].TLSAddr}
	tgt.Replicas = true
	s := surveying(t, tgt).by(&samplertest.Credentials{Newest: knowing(t, authority, "metrics", "of-the-cluster")})
	x := trafficTo(t, c)
	s.sample()
	x.send(300)
	newest := s.sample()
	if primaries, others, silent := roles(newest); primaries != 3 || others != 3 || silent != 0 {
		t.Errorf("%d primaries, %d replicas and %d silent nodes, want 3, 3 and 0", primaries, others, silent)
	}
	for _, node := range newest.Nodes {
		plainly(t, c.Nodes, node.Address)
	}
	s.counts("", 300)

	c.Nodes[1].Kill()
	s.fail(reason.ShardUnavailable)
	newest = s.recover()
	s.unknown(history.OneSample)
	if slices.ContainsFunc(newest.Nodes, func(n history.Node) bool { return !n.Replica && n.Address == c.Nodes[1].TLSAddr }) {
		t.Error("the killed node is still a primary")
	}
	x = trafficTo(t, c)
	s.sample()
	x.send(300)
	s.sample()
	s.counts("", 300)
}
