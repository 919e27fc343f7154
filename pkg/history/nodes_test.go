package history_test

import (
	"errors"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
)

// pair records samples of a primary and a replica of a cluster, whose names stay
// when their processes do not.
type pair struct {
	*testing.T
	history          *history.History
	now              time.Time
	primary, replica server
}

func newPair(t *testing.T) *pair {
	p := &pair{T: t, history: open(t), now: time.Now(), primary: fresh("p"), replica: fresh("r")}
	p.replica.role = "slave"
	return p
}

// sample records the next sample, with a change to the replica's node if there is one.
func (p *pair) sample(change func(*history.Node)) {
	p.Helper()
	p.now = p.now.Add(interval)
	replica := history.Node{Name: "r", Address: "r:1", Replica: true, At: p.now, Info: p.replica.answer(p.T)}
	if change != nil {
		change(&replica)
	}
	p.history.Record(history.NewSample(nil, replica, history.Node{Name: "p", Address: "p:1", At: p.now, Info: p.primary.answer(p.T)}))
	p.primary.work(10)
	p.replica.work(10)
}

// replicaGrew reports over what time the replica's counters grew, as far as is known.
func (p *pair) replicaGrew() (time.Duration, bool) {
	p.Helper()
	span, err := p.history.Span(p.now)
	if err != nil {
		p.Fatal(err)
	}
	last := &span.Last.Nodes[1]
	first, ok := span.Of(last)
	if !ok {
		return 0, false
	}
	return last.At.Sub(first.At), true
}

func TestReplicaBeginsAnewAlone(t *testing.T) {
	for name, event := range map[string]func(p *pair){
		"restarted":        func(p *pair) { p.replica = fresh("r2"); p.replica.role = "slave"; p.sample(nil) },
		"counters reset":   func(p *pair) { p.replica.resetAndOutgrow("calls=1,usec=2"); p.sample(nil) },
		"answered slowly":  func(p *pair) { p.sample(func(n *history.Node) { n.RoundTrip = 2 * interval }) },
		"moved":            func(p *pair) { p.sample(func(n *history.Node) { n.Address = "r:2" }) },
		"was not asked":    func(p *pair) { p.sample(func(n *history.Node) { n.Name = "other" }) },
		"did not answer":   func(p *pair) { p.sample(func(n *history.Node) { n.Info, n.Err = nil, errors.New("down") }) },
		"its clock jumped": func(p *pair) { p.sample(func(n *history.Node) { n.At = suspended(p.T, n.At, time.Minute) }) },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t)
			p.sample(nil)
			p.sample(nil)
			if grew, ok := p.replicaGrew(); !ok || grew != interval {
				t.Fatalf("the replica grew over %v, %v; want an interval", grew, ok)
			}
			event(p)
			if grew, ok := p.replicaGrew(); ok {
				t.Errorf("the replica grew over %v since before", grew)
			}
		})
	}
}

// A replica that answered too slowly once is known again as soon as that is no
// end of the span.
func TestSlowAnswerOfAReplicaPasses(t *testing.T) {
	p := newPair(t)
	p.sample(nil)
	p.sample(func(n *history.Node) { n.RoundTrip = interval })
	if grew, ok := p.replicaGrew(); ok {
		t.Errorf("known over %v while its answer is slow", grew)
	}
	p.sample(nil)
	if grew, ok := p.replicaGrew(); !ok || grew != 2*interval {
		t.Errorf("known over %v, %v; want two intervals", grew, ok)
	}
}

func TestSampleIsOfItsEarliestAnswerThatCounts(t *testing.T) {
	now := time.Now()
	node := func(name string, after time.Duration, replica bool) history.Node {
		first := fresh(name)
		return history.Node{Name: name, Address: name + ":1", At: now.Add(after), Replica: replica, Info: first.answer(t)}
	}
	sample := history.NewSample(nil, node("a", 2*time.Second, false), node("b", time.Second, false), node("c", 0, true), history.Node{Name: "d"})
	if got := sample.At.Sub(now); got != time.Second {
		t.Errorf("At is %v after the first answer, want 1s: that of the first primary", got)
	}
}

func TestNodesStandInAnOrderThatStays(t *testing.T) {
	answer := func(name, address string, replica bool) history.Node {
		first := fresh(name)
		return history.Node{Name: name, Address: address, Replica: replica, Info: first.answer(t)}
	}
	nodes := []history.Node{
		{Name: "a", Address: "silent"}, answer("b", "replica", true), answer("z", "0", false), answer("c", "2", false), answer("c", "1", false),
	}
	want := []string{"1", "2", "0", "replica", "silent"}
	for turn := range nodes {
		turned := append(append([]history.Node{}, nodes[turn:]...), nodes[:turn]...)
		sample := history.NewSample(nil, turned...)
		for i, node := range sample.Nodes {
			if node.Address != want[i] {
				t.Errorf("turned by %d, node %d is %s, want %s", turn, i, node.Address, want[i])
			}
		}
		if counted := sample.Counted(); len(counted) != 3 {
			t.Errorf("%d nodes count, want the 3 primaries that answered", len(counted))
		}
	}
}

func TestReplicasCountWhereNoPrimaryAnswered(t *testing.T) {
	first, second := fresh("a"), fresh("b")
	sample := history.NewSample(nil,
		history.Node{Name: "p"}, history.Node{Name: "a", Replica: true, Info: first.answer(t)}, history.Node{Name: "b", Replica: true, Info: second.answer(t)})
	if counted := sample.Counted(); len(counted) != 2 || counted[0].Name != "a" || counted[1].Name != "b" {
		t.Errorf("%+v count, want the replicas", counted)
	}
}

func TestSampleTellsOfCredentialsThatAreNotRenewed(t *testing.T) {
	why := errors.New("the password is refused")
	for _, want := range []error{nil, why} {
		sample := history.NewSample(nil, history.Node{Name: "a"}, history.Node{Name: "b", NotRenewed: want})
		if got := sample.NotRenewed(); !errors.Is(got, want) {
			t.Errorf("NotRenewed = %v, want %v", got, want)
		}
	}
}

// Two servers may have one name: one address may lead to the other.
func TestAddressTellsNodesOfOneNameApart(t *testing.T) {
	s, now := open(t), time.Now()
	first, second := fresh("a"), fresh("a")
	first.gets, first.commands, second.gets, second.commands = 1000, 1000, 5, 5
	sample := func() {
		now = now.Add(interval)
		s.Record(history.NewSample(nil,
			history.Node{Name: "a", Address: "a:1", At: now, Info: first.answer(t)},
			history.Node{Name: "a", Address: "a:2", At: now, Info: second.answer(t)}))
		first.work(10)
		second.work(10)
	}
	sample()
	sample()
	span, err := s.Span(now)
	if err != nil {
		t.Fatal(err)
	}
	for i := range span.Last.Nodes {
		last := &span.Last.Nodes[i]
		if before, ok := span.Of(last); !ok || before.Address != last.Address {
			t.Errorf("%s grew since the answer of %v, %v", last.Address, before, ok)
		}
	}
}

func TestPrimaryAtAnotherAddressBeginsAnew(t *testing.T) {
	s, redis, now := open(t), fresh("a"), time.Now()
	for _, address := range []string{"a:1", "a:2"} {
		now = now.Add(interval)
		s.Record(history.NewSample(nil, history.Node{Name: "a", Address: address, At: now, Info: redis.answer(t)}))
		redis.work(10)
	}
	_ = wantUnknown(t, s, now, history.OneSample)
}
