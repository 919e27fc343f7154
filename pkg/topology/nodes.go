package topology

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/connection"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/poller"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// maxTries bounds how often one attempt asks the nodes again because the topology
// changed.
const maxTries = 3

// errTopologyChanged means that the nodes of a target are no longer the ones that were
// asked.
var errTopologyChanged = errors.New("topology changed during the attempt")

// endpoint is the address of a node, and what it is asked for.
type endpoint struct {
	address string
	// name is the node's ID in a cluster, and shard the number of its shard.
	name, shard string
	replica     bool
	request     poller.Request
}

// finder finds the nodes of a target.
type finder interface {
	// endpoints returns where to ask now, at least one endpoint.
	endpoints(ctx context.Context) ([]endpoint, error)
	// assemble makes a sample of the results, which are in the order of the endpoints.
	// It fails with errTopologyChanged if the nodes must be asked again.
	assemble(asked []endpoint, results []result) (history.Sample, error)
	// close closes the connections that finding the nodes needs.
	close()
}

// result is a response or an error.
type result struct {
	poller.Response
	err *reason.Error
}

// Nodes asks the nodes of one target, in one attempt after the other.
type Nodes struct {
	target  *target.Target
	group   *connection.Group
	fields  *poller.Fields
	finder  finder
	pollers map[string]*poller.Poller // by address
	// sampled are the addresses of the newest sample.
	sampled map[string]bool
}

// New returns the Nodes of a target, which uses the connections of a group.
func New(group *connection.Group, t *target.Target, fields *poller.Fields) *Nodes {
	n := &Nodes{target: t, group: group, fields: fields, pollers: map[string]*poller.Poller{}}
	switch {
	case t.Cluster != nil:
		n.finder = &cluster{target: t}
	case t.Sentinel != nil:
		n.finder = newSentinel(group, t)
	default:
		n.finder = &standalone{target: t}
	}
	return n
}

// Attempt asks all nodes once. With an error, it also returns the nodes that it asked.
// The error is a *reason.Error.
func (n *Nodes) Attempt(ctx context.Context) (sample history.Sample, asked []history.Node, err error) {
	ctx, cancel := context.WithTimeout(ctx, n.target.Timeout)
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			// A server's report about others must not end the sampling of other
			// targets.
			sample, err = history.Sample{}, &reason.Error{Reason: reason.Protocol, Cause: fmt.Errorf("panic: %v", r)}
		}
	}()
	for range maxTries {
		endpoints, err := n.finder.endpoints(ctx)
		if err != nil {
			return history.Sample{}, asked, reason.Classify(err)
		}
		if len(endpoints) > poller.MaxNodes {
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
		sample, err = n.finder.assemble(endpoints, results)
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

// sharedAddress reports whether two nodes have the same address, and would count twice.
func sharedAddress(endpoints []endpoint) ([]history.Node, bool) {
	if len(endpoints) == 1 {
		return nil, false // most targets, at each attempt
	}
	seen := make(map[string]bool, len(endpoints))
	for _, at := range endpoints {
		if seen[at.address] {
			return []history.Node{at.failed(&reason.Error{Reason: reason.SharedServer})}, true
		}
		seen[at.address] = true
	}
	return nil, false
}

// ask asks all endpoints at once.
func (n *Nodes) ask(ctx context.Context, endpoints []endpoint) []result {
	results := make([]result, len(endpoints))
	poll := func(i int, p *poller.Poller) { results[i].Response, results[i].err = p.Poll(ctx, endpoints[i].request) }
	if len(endpoints) == 1 {
		poll(0, n.poller(endpoints[0].address))
		return results
	}
	var asking sync.WaitGroup
	for i := range endpoints {
		p := n.poller(endpoints[i].address)
		asking.Go(func() { poll(i, p) })
	}
	asking.Wait()
	return results
}

func (n *Nodes) poller(address string) *poller.Poller {
	p := n.pollers[address]
	if p == nil {
		p = poller.New(n.group, n.target, address, n.fields)
		n.pollers[address] = p
	}
	return p
}

// forget drops the nodes that are neither among the endpoints nor in the newest sample.
// The pollers of the newest sample stay, because a poller counts what it sent, and a
// new one would count from 0 within a span that joins older samples.
func (n *Nodes) forget(endpoints []endpoint) {
	if len(n.pollers) == len(n.sampled) {
		return // all are of the newest sample
	}
	asked := addressesOf(endpoints)
	for address, p := range n.pollers {
		if !asked[address] && !n.sampled[address] {
			p.Close()
			delete(n.pollers, address)
		}
	}
}

// remember records which nodes the newest sample has, and forgets the others.
func (n *Nodes) remember(endpoints []endpoint) {
	same := len(n.sampled) == len(endpoints)
	for i := range endpoints {
		same = same && n.sampled[endpoints[i].address]
	}
	if !same {
		n.sampled = addressesOf(endpoints)
	}
	n.forget(endpoints)
}

// Forget drops what is kept of responses between attempts, which may be large.
func (n *Nodes) Forget() {
	for _, p := range n.pollers {
		p.Forget()
	}
}

func addressesOf(endpoints []endpoint) map[string]bool {
	addresses := make(map[string]bool, len(endpoints))
	for i := range endpoints {
		addresses[endpoints[i].address] = true
	}
	return addresses
}

// Close closes all connections.
func (n *Nodes) Close() {
	for _, p := range n.pollers {
		p.Close()
	}
	n.finder.close()
}

// describeFailed describes the nodes by what is known after a failed attempt.
func describeFailed(endpoints []endpoint, results []result) []history.Node {
	described := make([]history.Node, len(endpoints))
	for i, at := range endpoints {
		described[i] = at.failed(results[i].err)
	}
	return described
}

// failed returns a node about which only its endpoint and its error are known.
func (e endpoint) failed(err *reason.Error) history.Node {
	node := history.Node{Address: e.address, Name: e.name, Shard: e.shard, Replica: e.replica}
	if err != nil {
		node.Err = err
	}
	return node
}

// describe returns the node that an endpoint and its response describe.
func describe(at endpoint, got result) history.Node {
	if got.err != nil {
		return at.failed(got.err)
	}
	node := got.Node
	node.Shard = at.shard
	if at.name != "" {
		node.Name = at.name
	}
	return node
}
