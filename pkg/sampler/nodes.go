package sampler

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// maxTries bounds how often one attempt asks the nodes because the topology changed.
const maxTries = 3

// errTopologyChanged says that the nodes of a target are not the ones that were asked.
var errTopologyChanged = errors.New("topology changed during the attempt")

// endpoint is where a node is asked, and for what.
type endpoint struct {
	address string
	// name is the node's ID in a cluster, and shard the place of its shard.
	name, shard string
	replica     bool
	request     request
}

// topology finds the nodes of a target.
type topology interface {
	// endpoints returns where to ask now, at least one endpoint.
	endpoints(ctx context.Context) ([]endpoint, error)
	// assemble makes a sample of the results, in the order of the endpoints. It fails
	// with errTopologyChanged where the nodes must be asked again.
	assemble(asked []endpoint, answers []result) (history.Sample, error)
	// close ends the connections that finding the nodes needs.
	close()
}

// result is an answer, or why there is none.
type result struct {
	response
	err *reason.Error
}

// nodes asks the nodes of one target, in one attempt after the other. It is not
// safe for concurrent use.
type nodes struct {
	target   *target.Target
	deps     deps
	topology topology
	pollers  map[string]*poller // by address
	// sampled are the addresses of the newest sample.
	sampled map[string]bool
}

func newNodes(t *target.Target, by deps) *nodes {
	n := &nodes{target: t, deps: by, pollers: map[string]*poller{}}
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
			sample, err = history.Sample{}, &reason.Error{Reason: reason.Protocol, Cause: fmt.Errorf("panic: %v", r)}
		}
	}()
	for range maxTries {
		endpoints, err := n.topology.endpoints(ctx)
		if err != nil {
			return history.Sample{}, asked, reason.Classify(err)
		}
		if len(endpoints) > maxNodes {
			return history.Sample{}, nil, &reason.Error{Reason: reason.TooManyNodes}
		}
		if named, shared := sharedAddress(endpoints); shared {
			return history.Sample{}, named, &reason.Error{Reason: reason.SharedServer}
		}
		n.forget(endpoints)
		results := n.ask(ctx, endpoints)
		if errors.Is(ctx.Err(), context.Canceled) { // the object is gone
			return history.Sample{}, nil, reason.Classify(ctx.Err())
		}
		sample, err = n.topology.assemble(endpoints, results)
		if err == nil {
			n.remember(endpoints)
			return sample, nil, nil
		}
		asked = describeFailed(endpoints, results)
		switch {
		case !errors.Is(err, errTopologyChanged):
			return history.Sample{}, asked, reason.Classify(err)
		case ctx.Err() != nil:
			return history.Sample{}, asked, &reason.Error{Reason: reason.TopologyUnsettled}
		}
	}
	return history.Sample{}, asked, &reason.Error{Reason: reason.TopologyUnsettled}
}

// sharedAddress reports whether two nodes have one address, and would count twice.
func sharedAddress(endpoints []endpoint) ([]history.Node, bool) {
	if len(endpoints) == 1 {
		return nil, false // most targets, at each attempt
	}
	seen := make(map[string]bool, len(endpoints))
	for _, one := range endpoints {
		if seen[one.address] {
			return []history.Node{{Address: one.address, Name: one.name, Shard: one.shard, Err: &reason.Error{Reason: reason.SharedServer}}}, true
		}
		seen[one.address] = true
	}
	return nil, false
}

// ask asks all endpoints at once.
func (n *nodes) ask(ctx context.Context, endpoints []endpoint) []result {
	results := make([]result, len(endpoints))
	one := func(i int, p *poller) {
		got, err := p.attempt(ctx, endpoints[i].request)
		if err != nil {
			results[i].err = reason.Classify(err)
			return
		}
		results[i].response = got
	}
	if len(endpoints) == 1 {
		one(0, n.poller(endpoints[0].address))
		return results
	}
	var asking sync.WaitGroup
	for i := range endpoints {
		p := n.poller(endpoints[i].address)
		asking.Go(func() { one(i, p) })
	}
	asking.Wait()
	return results
}

func (n *nodes) poller(address string) *poller {
	p := n.pollers[address]
	if p == nil {
		p = newPoller(n.target, address, n.deps)
		n.pollers[address] = p
	}
	return p
}

// forget drops the nodes that are neither among the endpoints nor in the newest sample,
// whether attempts succeed or not. Those of the newest sample stay: a poller counts
// what it sent, and must not count again while a span may join what came before.
func (n *nodes) forget(endpoints []endpoint) {
	if len(n.pollers) == len(n.sampled) {
		return // all are of the newest sample
	}
	asked := addressesOf(endpoints)
	for address, p := range n.pollers {
		if !asked[address] && !n.sampled[address] {
			p.close()
			delete(n.pollers, address)
		}
	}
}

// remember notes which nodes the newest sample has, and forgets the others.
func (n *nodes) remember(endpoints []endpoint) {
	same := len(n.sampled) == len(endpoints)
	for i := range endpoints {
		same = same && n.sampled[endpoints[i].address]
	}
	if !same {
		n.sampled = addressesOf(endpoints)
	}
	n.forget(endpoints)
}

// dropKeys drops what is kept of responses from one attempt to the next.
func (n *nodes) dropKeys() {
	for _, p := range n.pollers {
		p.parser = redisinfo.Parser{Layouts: p.parser.Layouts}
	}
}

func addressesOf(endpoints []endpoint) map[string]bool {
	addresses := make(map[string]bool, len(endpoints))
	for i := range endpoints {
		addresses[endpoints[i].address] = true
	}
	return addresses
}

func (n *nodes) close() {
	for _, p := range n.pollers {
		p.close()
	}
	n.topology.close()
}

// describeFailed describes the endpoints by what is known when an attempt fails.
func describeFailed(endpoints []endpoint, results []result) []history.Node {
	described := make([]history.Node, len(endpoints))
	for i, one := range endpoints {
		described[i] = history.Node{Address: one.address, Name: one.name, Shard: one.shard, Replica: one.replica}
		if results[i].err != nil {
			described[i].Err = results[i].err
		}
	}
	return described
}

// describe returns a node as its endpoint and its response describe it.
func describe(at endpoint, got result) history.Node {
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
