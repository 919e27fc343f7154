package sampler

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// mostTries bounds how often the nodes are asked in one attempt because they
// turned out to be others.
const mostTries = 3

// mostNodes bounds how many nodes of a cluster are sampled for one object, each over
// a connection of its own.
const mostNodes = 128

// errMoved says that the nodes of a target are others than those that were asked.
var errMoved = errors.New("the nodes are others")

// place is where a node is asked, and for what.
type place struct {
	address string
	// name is the node's ID in a cluster, and shard the place of its shard.
	name, shard string
	replica     bool
	question    question
}

// topology finds the nodes of a target.
type topology interface {
	// places are the nodes to ask now, one at least.
	places(ctx context.Context) ([]place, error)
	// settle makes the sample of the answers, in the order of places. It fails
	// with errMoved where the nodes must be asked again.
	settle(asked []place, answers []outcome) (history.Sample, error)
	// close ends the connections that finding the nodes needs.
	close()
}

// outcome is an answer, or why there is none.
type outcome struct {
	answer
	err *Error
}

// nodes asks the nodes of one target, in one attempt after the other. It is not
// safe for concurrent use.
type nodes struct {
	target   *target.Target
	by       means
	topology topology
	probes   map[string]*probe // by address
	// sampled are the addresses of the newest sample.
	sampled map[string]bool
}

func newNodes(t *target.Target, by means) *nodes {
	n := &nodes{target: t, by: by, probes: map[string]*probe{}}
	switch {
	case t.Cluster != nil:
		n.topology = &cluster{target: t}
	case t.Sentinel != nil:
		n.topology = newSentinel(t, by)
	default:
		n.topology = &standalone{target: t}
	}
	return n
}

// attempt asks all nodes once. The nodes that it returns with an error are
// those that were asked. The error is an *Error.
func (n *nodes) attempt(ctx context.Context) (sample history.Sample, asked []history.Node, err error) {
	ctx, cancel := context.WithTimeout(ctx, n.target.Timeout)
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			// What a server says of others must not end the sampling of other targets.
			sample, err = history.Sample{}, &Error{Reason: Protocol, cause: fmt.Errorf("panic: %v", r)}
		}
	}()
	for range mostTries {
		places, err := n.topology.places(ctx)
		if err != nil {
			return history.Sample{}, asked, classify(err)
		}
		if len(places) > mostNodes {
			return history.Sample{}, nil, &Error{Reason: TooManyNodes}
		}
		if named, shared := sharedAddress(places); shared {
			return history.Sample{}, named, &Error{Reason: SharedServer}
		}
		n.forget(places)
		outcomes := n.ask(ctx, places)
		if errors.Is(ctx.Err(), context.Canceled) { // the object is gone
			return history.Sample{}, nil, classify(ctx.Err())
		}
		sample, err = n.topology.settle(places, outcomes)
		if err == nil {
			n.remember(places)
			return sample, nil, nil
		}
		asked = unanswered(places, outcomes)
		switch {
		case !errors.Is(err, errMoved):
			return history.Sample{}, asked, classify(err)
		case ctx.Err() != nil:
			return history.Sample{}, asked, &Error{Reason: TopologyUnsettled}
		}
	}
	return history.Sample{}, asked, &Error{Reason: TopologyUnsettled}
}

// sharedAddress tells of two nodes at one address, one of which would count for both.
func sharedAddress(places []place) ([]history.Node, bool) {
	if len(places) == 1 {
		return nil, false // most targets, at each attempt
	}
	seen := make(map[string]bool, len(places))
	for _, one := range places {
		if seen[one.address] {
			return []history.Node{{Address: one.address, Name: one.name, Shard: one.shard, Err: &Error{Reason: SharedServer}}}, true
		}
		seen[one.address] = true
	}
	return nil, false
}

// ask asks all places at once.
func (n *nodes) ask(ctx context.Context, places []place) []outcome {
	outcomes := make([]outcome, len(places))
	one := func(i int, p *probe) {
		got, err := p.attempt(ctx, places[i].question)
		if err != nil {
			outcomes[i].err = classify(err)
			return
		}
		outcomes[i].answer = got
	}
	if len(places) == 1 {
		one(0, n.probe(places[0].address))
		return outcomes
	}
	var asking sync.WaitGroup
	for i := range places {
		p := n.probe(places[i].address)
		asking.Go(func() { one(i, p) })
	}
	asking.Wait()
	return outcomes
}

func (n *nodes) probe(address string) *probe {
	p := n.probes[address]
	if p == nil {
		p = newProbe(n.target, address, n.by)
		n.probes[address] = p
	}
	return p
}

// forget drops the nodes that are neither in places nor in the newest sample,
// whether attempts succeed or not. Those of the newest sample stay: a probe counts
// what it sent, and must not count again while a span may join what came before.
func (n *nodes) forget(places []place) {
	if len(n.probes) == len(n.sampled) {
		return // all are of the newest sample
	}
	asked := addressesOf(places)
	for address, p := range n.probes {
		if !asked[address] && !n.sampled[address] {
			p.close()
			delete(n.probes, address)
		}
	}
}

// remember notes which nodes the newest sample has, and forgets the others.
func (n *nodes) remember(places []place) {
	same := len(n.sampled) == len(places)
	for i := range places {
		same = same && n.sampled[places[i].address]
	}
	if !same {
		n.sampled = addressesOf(places)
	}
	n.forget(places)
}

// dropKeys drops what is kept of answers from one attempt to the next.
func (n *nodes) dropKeys() {
	for _, p := range n.probes {
		p.parser = redisinfo.Parser{Layouts: p.parser.Layouts}
	}
}

func addressesOf(places []place) map[string]bool {
	addresses := make(map[string]bool, len(places))
	for i := range places {
		addresses[places[i].address] = true
	}
	return addresses
}

func (n *nodes) close() {
	for _, p := range n.probes {
		p.close()
	}
	n.topology.close()
}

// unanswered describes places by what is known of them when an attempt fails.
func unanswered(places []place, outcomes []outcome) []history.Node {
	described := make([]history.Node, len(places))
	for i, one := range places {
		described[i] = history.Node{Address: one.address, Name: one.name, Shard: one.shard, Replica: one.replica}
		if outcomes[i].err != nil {
			described[i].Err = outcomes[i].err
		}
	}
	return described
}

// answered is a node as its place and its answer describe it.
func answered(at place, got outcome) history.Node {
	if got.err != nil {
		return history.Node{Address: at.address, Name: at.name, Shard: at.shard, Replica: at.replica, Err: got.err}
	}
	node := got.Node
	node.Shard = at.shard
	if at.name != "" {
		node.Name = at.name
	}
	return node
}
