package topology

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/connection"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/credentials"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/egress"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/poller"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/samplertest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// several is the nodes of a target and the series of its samples, driven by hand.
type several struct {
	t       *testing.T
	nodes   *Nodes
	history *history.History
}

func surveying(t *testing.T, target *target.Target) *several {
	t.Helper()
	var store history.Store
	policy := history.Policy{Interval: 10 * time.Second, Window: target.Window, MaxAge: target.MaxAge}
	s := &several{t: t, nodes: nodesOf(t, target, open(t)), history: store.Open(target.ID(), policy)}
	t.Cleanup(func() { s.nodes.Close() })
	return s
}

// over has the nodes asked over other connections.
func (s *several) over(policy *egress.Policy, source *samplertest.Credentials) *several {
	s.t.Helper()
	s.nodes.Close()
	s.nodes = nodesOf(s.t, s.nodes.target, dialerBy(s.t, policy, source))
	return s
}

// by has the nodes asked by other credentials than none.
func (s *several) by(source *samplertest.Credentials) *several {
	s.t.Helper()
	return s.over(samplertest.Local(s.t), source)
}

func nodesOf(t testing.TB, tgt *target.Target, d *connection.Dialer) *Nodes {
	t.Helper()
	return New(d.Group(t.Context(), tgt), tgt, poller.NewFields(samplertest.MetricFields()))
}

// dialerBy reaches servers by a policy and credentials.
func dialerBy(t testing.TB, policy *egress.Policy, source *samplertest.Credentials) *connection.Dialer {
	t.Helper()
	d := connection.NewDialer(t.Context(), policy, source)
	t.Cleanup(d.Wait)
	return d
}

// open reaches servers of tests that ask for no password.
func open(t testing.TB) *connection.Dialer {
	t.Helper()
	return dialerBy(t, samplertest.Local(t), &samplertest.Credentials{Newest: &credentials.Credentials{}})
}

func (s *several) attempt() error {
	sample, asked, err := s.nodes.Attempt(context.Background())
	if err != nil {
		s.history.Fail(err, asked...)
		return err
	}
	for n := range sample.Nodes {
		sample.Nodes[n].RoundTrip = 0 // attempts follow one another at once here
	}
	s.history.Record(sample)
	return nil
}

func (s *several) sample() history.Sample {
	s.t.Helper()
	if err := s.attempt(); err != nil {
		s.t.Fatalf("the attempt failed: %v (%v)", err, reason.Classify(err).Cause)
	}
	newest, _ := s.history.Newest()
	return newest
}

func (s *several) fail(want reason.Reason) {
	s.t.Helper()
	if err := s.attempt(); err == nil || reason.Classify(err).Reason != want {
		s.t.Fatalf("the attempt gave %v; want %s", err, want)
	}
}

// recover makes attempts until one succeeds.
func (s *several) recover() history.Sample {
	s.t.Helper()
	samplertest.Poll(s.t, "an attempt succeeds again", func() bool { return s.attempt() == nil })
	newest, _ := s.history.Newest()
	return newest
}

// value is requests-per-second of the series that a selector picks.
func (s *several) value(selector string) (float64, error) {
	s.t.Helper()
	return s.metric(catalog.RequestsPerSecond, selector)
}

// metric is a built-in metric of the series that a selector picks.
func (s *several) metric(name, selector string) (float64, error) {
	s.t.Helper()
	c := catalog.Builtin()
	m, _ := c.Lookup(name)
	parsed, err := labels.Parse(selector)
	if err != nil {
		s.t.Fatal(err)
	}
	q := catalog.Query{Now: time.Now()}
	requirements, _ := parsed.Requirements()
	q.Selector = catalog.Selector(requirements)
	reading, err := m.Read(s.history, q)
	return reading.Value, err
}

// requests is how many requests the newest span has counted, of the series that
// a selector picks: the sum of each node's rate times the span between its own answers.
func (s *several) requests(selector string) (float64, error) {
	s.t.Helper()
	span, err := s.history.Span(time.Now())
	if err != nil {
		return 0, err
	}
	sum, matched, unmatched := 0.0, false, error(nil)
	for _, last := range span.Last.Nodes {
		value, err := s.value(strings.Trim(selector+",node="+last.Name, ","))
		var none *catalog.NoSeriesError
		switch {
		case errors.As(err, &none):
			unmatched = err
			continue
		case err != nil:
			return 0, err
		}
		first, _ := span.Of(&last)
		sum += value * last.At.Sub(first.At).Seconds()
		matched = true
	}
	if matched {
		return sum, nil
	}
	return 0, unmatched
}

// counts compares what was counted with what the test sent.
func (s *several) counts(selector string, want float64) {
	s.t.Helper()
	got, err := s.requests(selector)
	if err != nil || math.Abs(got-want) > 0.01 {
		s.t.Errorf("%v requests are counted of %q, %v; want %v", got, selector, err, want)
	}
}

func (s *several) unknown(want history.Reason) {
	s.t.Helper()
	var missing *history.UnknownError
	if got, err := s.requests(""); err == nil {
		s.t.Errorf("%v requests are counted; want none known for %s", got, want)
	} else if missing, _ = err.(*history.UnknownError); missing == nil || missing.Reason != want { //nolint:errorlint // the very error
		s.t.Errorf("unknown for %v, want %s", err, want)
	}
}

// roles counts the nodes of a sample.
func roles(s history.Sample) (primaries, replicas, silent int) {
	for _, node := range s.Nodes {
		switch {
		case node.Info == nil:
			silent++
		case node.Replica:
			replicas++
		default:
			primaries++
		}
	}
	return primaries, replicas, silent
}

// traffic writes to keys all over a cluster.
type traffic struct {
	t      *testing.T
	client *redis.ClusterClient
	next   int
}

func trafficTo(t *testing.T, c *redistest.Cluster) *traffic {
	addrs := make([]string, len(c.Nodes))
	for n, node := range c.Nodes {
		addrs[n] = node.Addr
	}
	client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: addrs, Password: c.Nodes[0].Password, DisableIdentity: true, Protocol: 2})
	t.Cleanup(func() { _ = client.Close() })
	return &traffic{t: t, client: client}
}

func (x *traffic) send(n int) {
	x.t.Helper()
	for range n {
		x.next++
		if err := x.client.Set(x.t.Context(), "key-"+strconv.Itoa(x.next), "x", 0).Err(); err != nil {
			x.t.Fatal(err)
		}
	}
}

func clusterAt(c *redistest.Cluster) *target.Target {
	t := samplertest.TargetAt("cluster", "")
	t.Cluster = &target.Cluster{Addresses: []string{c.Nodes[0].Addr, c.Nodes[len(c.Nodes)-1].Addr}}
	return t
}

func TestClusterCountsEachPrimaryOnce(t *testing.T) {
	redistest.Each(t, testClusterCountsEachPrimaryOnce)
}

func testClusterCountsEachPrimaryOnce(t *testing.T, p redistest.Program) {
	c := p.NewCluster(t, 3, 3)
	c.Calm()
	x := trafficTo(t, c)
	for _, replicas := range []bool{false, true} {
		tgt := clusterAt(c)
		tgt.Replicas = replicas
		s := surveying(t, tgt)
		s.sample()
		x.send(900)
		want := 0
		if replicas {
			want = 3
		}
		if primaries, others, silent := roles(s.sample()); primaries != 3 || others != want || silent != 0 {
			t.Errorf("%d primaries, %d replicas and %d silent nodes, want 3, %d and 0", primaries, others, silent, want)
		}
		s.counts("", 900)
		s.counts("command=set", 900)
		s.counts("shard in (0,1,2)", 900)
		one, err := s.requests("shard=0")
		if err != nil || one < 200 || one > 400 {
			t.Errorf("%v requests at shard 0, %v; want about a third", one, err)
		}
		if replicas {
			s.counts("role=replica", 0) // which are sent by their primaries
			s.counts("role in (primary,replica)", 900)
		} else if _, err := s.requests("role=replica"); err == nil {
			t.Error("a role that is not sampled has a value")
		}
	}
}

func TestClusterFailoverStartsAnew(t *testing.T) { redistest.Each(t, testClusterFailoverStartsAnew) }

func testClusterFailoverStartsAnew(t *testing.T, p redistest.Program) {
	c := p.NewCluster(t, 3, 3)
	x := trafficTo(t, c)
	s := surveying(t, clusterAt(c))
	s.sample()
	x.send(300)
	s.sample()
	s.counts("", 300)
	t.Run("a primary that is asked to step down", func(t *testing.T) {
		c.Nodes[3].Do("cluster", "failover")
		samplertest.Poll(t, "the replica took over", func() bool { return role(t, c.Nodes[3]) == "master" })
		s.recover()
		samplertest.Poll(t, "the nodes agree on the new primary", func() bool {
			newest := s.recover()
			return slices.ContainsFunc(newest.Nodes, func(n history.Node) bool { return n.Address == c.Nodes[3].Addr })
		})
		s.sample()
		x.send(300)
		s.sample()
		s.counts("", 300)
	})
	t.Run("a primary that is killed", func(t *testing.T) {
		killed := c.Nodes[1].ID()
		c.Nodes[1].Kill()
		s.fail(reason.ShardUnavailable)
		newest := s.recover()
		s.unknown(history.OneSample)
		if slices.ContainsFunc(newest.Nodes, func(n history.Node) bool { return n.Address == c.Nodes[1].Addr }) {
			t.Error("the killed node is still one of the cluster")
		}
		samplertest.Poll(t, "no node sends clients to the killed one", func() bool {
			return !slices.ContainsFunc(c.Nodes, func(node *redistest.Server) bool {
				return node != c.Nodes[1] && strings.Contains(fmt.Sprint(node.Do("cluster", "slots")), killed)
			})
		})
		x = trafficTo(t, c)
		s = surveying(t, clusterAt(c))
		s.sample()
		x.send(300)
		s.sample()
		s.counts("", 300)
	})
}

func role(t *testing.T, server *redistest.Server) string {
	t.Helper()
	reply, ok := server.Do("role").([]any)
	if !ok || len(reply) == 0 {
		t.Fatal("ROLE is not a list")
	}
	name, _ := reply[0].(string)
	return name
}

func TestClusterThatIsResharded(t *testing.T) { redistest.Each(t, testClusterThatIsResharded) }

func testClusterThatIsResharded(t *testing.T, p redistest.Program) {
	c := p.NewCluster(t, 3, 0)
	c.Calm()
	s := surveying(t, clusterAt(c))
	s.sample()
	c.Move(0, 99, c.Nodes[1])
	s.recover()
	if _, err := s.requests(""); err != nil {
		t.Errorf("slots that move between shards make the rate unknown: %v", err)
	}
	fourth := c.Add()
	c.Meet()
	s.recover()
	if _, err := s.requests(""); err != nil {
		t.Errorf("a node without slots makes the rate unknown: %v", err)
	}
	c.Move(200, 299, fourth)
	newest := s.recover()
	samplertest.Poll(t, "the nodes agree on the new shard", func() bool { newest = s.recover(); return len(newest.Nodes) == 4 })
	x := trafficTo(t, c)
	s.sample()
	x.send(100)
	s.sample()
	s.counts("", 100)
	for _, node := range c.Nodes {
		node.Do("flushall") // slots with keys move in another way
	}
	c.Move(200, 299, c.Nodes[0])
	samplertest.Poll(t, "the nodes agree that the shard is gone", func() bool { newest = s.recover(); return len(newest.Nodes) == 3 })
	samplertest.Poll(t, "no connection to a node without slots is left", func() bool { return samplertest.Connections(t, fourth) == 0 })
}

func TestClusterWithAPartMissing(t *testing.T) {
	t.Parallel()
	c := redistest.NewCluster(t, 3, 0, "--cluster-require-full-coverage", "no")
	whole, part := surveying(t, clusterAt(c)), clusterAt(c)
	part.Cluster.AllowPartial = true
	partial := surveying(t, part)
	whole.sample()
	partial.sample()
	c.Nodes[1].Kill()
	whole.fail(reason.ShardUnavailable)
	if primaries, _, silent := roles(partial.sample()); primaries != 2 || silent != 1 {
		t.Errorf("%d primaries and %d silent nodes, want 2 and 1", primaries, silent)
	}
	partial.unknown(history.OneSample)
	partial.sample()
	if _, err := partial.requests(""); err != nil {
		t.Errorf("the shards that answer are enough, and give %v", err)
	}
	failed := whole.history.Nodes()
	if n := slices.IndexFunc(failed, func(n history.Node) bool { return n.Address == c.Nodes[1].Addr }); n < 0 || failed[n].Err == nil || failed[n].Shard == "" {
		t.Errorf("the nodes do not tell which one is silent: %+v", failed)
	}
}

func TestClusterThatIsNone(t *testing.T) {
	server := redistest.New(t)
	tgt := samplertest.TargetAt("none", "")
	tgt.Cluster = &target.Cluster{Addresses: []string{server.Addr}}
	surveying(t, tgt).fail(reason.NotCluster)
}

func TestDeclaredMetricsOfACluster(t *testing.T) { redistest.Each(t, testDeclaredMetricsOfACluster) }

func testDeclaredMetricsOfACluster(t *testing.T, p redistest.Program) {
	c := p.NewCluster(t, 3, 0)
	c.Calm()
	x := trafficTo(t, c)
	probes := []*probe.Probe{
		probe.List("jobs"), probe.List("{other}:jobs"), probe.String("level"), probe.StreamLength("events"),
		probe.Script("return redis.call('llen', KEYS[1]) * 2", []string{"jobs"}, nil),
		probe.Script("return redis.call('dbsize')", nil, nil),
		probe.KeysCount("many:*", "", 1000), probe.KeysLength("*jobs", "list", 10), probe.PubSub("news"),
		probe.Info("maxclients", probe.Gauge, probe.Sum), probe.Info("maxclients", probe.Gauge, probe.Max),
		probe.Set("jobs"), probe.Script("return #KEYS", []string{"jobs", "level"}, nil),
	}
	tgt := clusterAt(c)
	tgt.Probes = probe.Compile(probes)
	s := surveying(t, tgt)
	for n := range 300 {
		if err := x.client.Set(t.Context(), "many:"+strconv.Itoa(n), "x", 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for _, err := range []error{
		x.client.LPush(t.Context(), "jobs", 1, 2, 3).Err(), x.client.LPush(t.Context(), "{other}:jobs", 1, 2).Err(),
		x.client.Set(t.Context(), "level", "2.5", 0).Err(), x.client.XAdd(t.Context(), &redis.XAddArgs{Stream: "events", Values: []string{"a", "b"}}).Err(),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, node := range c.Nodes {
		subscription := node.Dial().Subscribe(t.Context(), "news")
		if _, err := subscription.Receive(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = subscription.Close() }()
	}
	want := []float64{3, 2, 2.5, 1, 6, 304, 300, 5, 3, 30000, 10000}
	var got history.Sample
	samplertest.Poll(t, "the passes over the keys are complete", func() bool {
		got = s.sample()
		return got.Probed[6].Err == nil && got.Probed[7].Err == nil
	})
	for n, value := range want {
		if got.Probed[n].Err != nil || got.Probed[n].Value != value {
			t.Errorf("probe %d gives %v, %v; want %v", n, got.Probed[n].Value, got.Probed[n].Err, value)
		}
	}
	for n, says := range map[int]string{11: "of another type", 12: "CROSSSLOT"} {
		if err := got.Probed[n].Err; err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("probe %d gives %v, want %q in it", n, err, says)
		}
	}
	s.sample()
	// What a script calls counts.
	if calls, err := s.requests("command!=llen"); err == nil && calls != 0 {
		t.Errorf("the adapter's own commands count as %v requests", calls)
	}

	// A key that moves is read at its new node, and a pass over the keys begins again.
	slot := slotOf(t, c, "jobs")
	from := slices.IndexFunc(c.Nodes, func(node *redistest.Server) bool { return node.Client().Exists(t.Context(), "jobs").Err() == nil })
	to := (from + 1) % len(c.Nodes)
	c.MoveKeys(slot, c.Nodes[from], c.Nodes[to])
	s.recover()
	samplertest.Poll(t, "the key is found at its new node", func() bool { got = s.recover(); return got.Probed[0].Err == nil })
	if got.Probed[0].Value != 3 {
		t.Errorf("the list has %v entries after its slot moved, want 3", got.Probed[0].Value)
	}
	samplertest.Poll(t, "the passes are complete again", func() bool { got = s.sample(); return got.Probed[6].Err == nil && got.Probed[7].Err == nil })
	if got.Probed[6].Value != 300 || got.Probed[7].Value != 5 {
		t.Errorf("%v keys and %v entries after a slot moved, want 300 and 5", got.Probed[6].Value, got.Probed[7].Value)
	}
}

func TestReadOnlyUserSufficesInACluster(t *testing.T) {
	t.Parallel()
	c := redistest.NewCluster(t, 1, 0)
	c.Calm()
	tgt := clusterAt(c)
	tgt.Probes = probe.Compile([]*probe.Probe{probe.List("jobs")})
	s := surveying(t, tgt)
	admin := samplertest.Restrict(t, c.Nodes[0], samplertest.ACLRules(t))
	if got := s.sample().Probed[0]; got.Err != nil {
		t.Error(got.Err)
	}
	for _, command := range []string{"cluster|info", "cluster|slots"} {
		set := func(sign string) {
			if err := admin.Do(t.Context(), "acl", "setuser", "default", sign+command).Err(); err != nil {
				t.Fatal(err)
			}
		}
		set("-")
		s.fail(reason.PermissionDenied)
		set("+")
		s.recover()
	}
}
