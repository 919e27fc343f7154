package topology

import (
	"context"
	"errors"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/connection"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/poller"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// sentinel is the primary that sentinels name, and its replicas if the object asks for
// them. Each attempt asks the sentinels first. The reply with the highest configuration
// epoch counts, because it reflects the newest failover. Half of the sentinels must
// answer, so a sentinel that is cut off from the others does not lead back to an old
// primary.
type sentinel struct {
	target    *target.Target
	sentinels []*sentinelServer
	primary   string
	replication
	// notRenewed is why a connection to a sentinel still uses old credentials, nil if
	// none does.
	notRenewed error
}

// sentinelServer is one sentinel.
type sentinelServer struct {
	server *connection.Server
	// skips is how many more attempts leave it out, because it did not answer and would
	// delay each of them.
	skips int
}

// skippedAttempts is how many attempts skip a sentinel that did not answer.
const skippedAttempts = 10

func newSentinel(group *connection.Group, t *target.Target) *sentinel {
	s := &sentinel{target: t}
	for _, address := range t.Sentinel.Addresses {
		s.sentinels = append(s.sentinels, &sentinelServer{server: group.Server(target.Sentinels, address)})
	}
	return s
}

// sentinelReply is what a sentinel reports about the primary.
type sentinelReply struct {
	address string
	epoch   int64
	err     *reason.Error
	// notRenewed is why the connection still uses old credentials.
	notRenewed error
}

func (s *sentinel) endpoints(ctx context.Context) ([]endpoint, error) {
	replies := s.askAll(ctx)
	best, failure := sentinelReply{}, (*reason.Error)(nil)
	s.notRenewed = nil
	answered := 0
	for i, reply := range replies {
		if reply.err != nil && reply.err.Reason != reason.UnknownPrimary {
			failure = reply.err
			continue
		}
		answered++
		s.sentinels[i].skips = 0
		if reply.notRenewed != nil {
			s.notRenewed = reply.notRenewed
		}
		if reply.err != nil {
			failure = reply.err
		} else if best.address == "" || reply.epoch > best.epoch {
			best = reply
		}
	}
	switch {
	case answered == 0 || 2*answered < len(replies):
		for _, node := range s.sentinels {
			node.skips = 0
		}
		if answered == 0 && (failure.OfCredentials() || failure.Reason == reason.PermissionDenied || failure.Reason == reason.AddressRefused) {
			return nil, failure.AtSentinels()
		}
		return nil, &reason.Error{Reason: reason.SentinelUnavailable, Cause: failure}
	case best.address == "":
		return nil, failure
	}
	if best.address != s.primary {
		// Its replicas follow the new primary later, one after the other.
		s.primary = best.address
		s.list(nil)
	}
	return s.replication.endpoints(s.primary, poller.Request{Declared: true}), nil
}

// askAll asks the sentinels, within half the remaining time, so that the primary can be asked
// afterwards.
func (s *sentinel) askAll(ctx context.Context) []sentinelReply {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/2)
		defer cancel()
	}
	replies := make([]sentinelReply, len(s.sentinels))
	var asking sync.WaitGroup
	for i, node := range s.sentinels {
		asking.Go(func() { replies[i] = node.ask(ctx, s.target.Sentinel.MasterName) })
	}
	asking.Wait()
	return replies
}

func (s *sentinel) assemble(asked []endpoint, results []result) (history.Sample, error) {
	if results[0].err == nil && results[0].Replica {
		// The sentinels know of a failover before the primary does, or the other way
		// round.
		return history.Sample{}, &reason.Error{Reason: reason.TopologyUnsettled}
	}
	sample, err := s.replication.assemble(s.target, asked, results)
	if err == nil && s.notRenewed != nil {
		sample.Nodes[0].NotRenewed = s.notRenewed
	}
	return sample, err
}

func (s *sentinel) close() {
	for _, node := range s.sentinels {
		node.server.Close()
	}
}

// ask asks one sentinel for the primary of a name.
// Source: https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/#sentinel-commands
func (s *sentinelServer) ask(ctx context.Context, name string) sentinelReply {
	if s.skips > 0 {
		s.skips--
		return sentinelReply{err: &reason.Error{Reason: reason.SentinelUnavailable}}
	}
	s.skips = skippedAttempts // until its reply is known
	var reply sentinelReply
	ask := func(ctx context.Context, l *connection.Link) error {
		found, err := askMaster(ctx, l, name)
		if err == nil { // a renewal that fails leaves the reply that there is
			reply = found
		}
		return err
	}
	failure, notRenewed := s.server.Do(ctx, ask, ask)
	if failure != nil {
		return sentinelReply{err: failure}
	}
	if notRenewed != nil {
		reply.notRenewed = reason.Classify(notRenewed).AtSentinels()
	}
	return reply
}

// askMaster asks for the epoch first. During a failover, the leading sentinel reports the new
// epoch under SENTINEL MASTER, together with the old address. If the address changes between
// the two commands, the new address gets the old epoch, and never the reverse.
func askMaster(ctx context.Context, l *connection.Link, name string) (sentinelReply, error) {
	pipe := l.Client.Pipeline()
	state := pipe.Do(ctx, "sentinel", "master", name)
	address := pipe.Do(ctx, "sentinel", "get-master-addr-by-name", name)
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return sentinelReply{}, err
	}
	epoch, err := strconv.ParseInt(poller.FieldOf(state.Val(), "config-epoch"), 10, 64)
	if err != nil {
		return sentinelReply{}, &reason.Error{Reason: reason.Protocol, Cause: err}
	}
	primary, err := primaryIn(address.Val())
	return sentinelReply{address: primary, epoch: epoch}, err
}

// primaryIn reads the host and port of a primary.
func primaryIn(reply any) (string, error) {
	pair, _ := reply.([]any)
	if len(pair) != 2 {
		return "", &reason.Error{Reason: reason.Protocol}
	}
	host, _ := pair[0].(string)
	text, _ := pair[1].(string)
	port, err := strconv.ParseUint(text, 10, 16)
	if !connection.IsHost(host) || err != nil || port == 0 {
		return "", &reason.Error{Reason: reason.Protocol}
	}
	return net.JoinHostPort(host, text), nil
}
