package topology

import (
	"context"
	"errors"
	"net"
	"slices"
	"strconv"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/connection"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/poller"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// maxReplicas bounds how many replicas of one primary outside of a cluster are
// sampled, each over a connection of its own.
const maxReplicas = 64

// standalone is one server, and its replicas where the object asks for them.
type standalone struct {
	target *target.Target
	replication
}

func (s *standalone) endpoints(context.Context) ([]endpoint, error) {
	return s.replication.endpoints(s.target.Address, poller.Request{Declared: true, WithoutInfo: true}), nil
}

func (s *standalone) assemble(asked []endpoint, results []result) (history.Sample, error) {
	return s.replication.assemble(s.target.Replicas, asked, results)
}

func (s *standalone) close() {}

// replication is a server and its replicas, as far as they are known.
type replication struct {
	replicas []string
}

// endpoints are those of the server, which is asked more than INFO, and of its replicas.
func (r *replication) endpoints(server string, q poller.Request) []endpoint {
	endpoints := make([]endpoint, 1, 1+len(r.replicas))
	endpoints[0] = endpoint{address: server, request: q}
	for _, address := range r.replicas {
		endpoints = append(endpoints, endpoint{address: address, replica: true})
	}
	return endpoints
}

// assemble makes a sample, which stands without a replica that did not answer or
// is not one. It fails with errTopologyChanged if the server lists other replicas than
// those that were asked, and they are wanted. A server that is a replica itself
// is sampled alone: with the replicas below it, its data would count twice.
func (r *replication) assemble(wanted bool, asked []endpoint, results []result) (history.Sample, error) {
	if results[0].err != nil {
		return history.Sample{}, results[0].err
	}
	var listed []string
	if wanted && !results[0].Replica && results[0].Info != nil {
		var err error
		if listed, err = replicasOf(results[0].Info); err != nil {
			return history.Sample{}, err
		}
	}
	sampled := listed[:min(len(listed), maxReplicas)]
	if !slices.Equal(sampled, r.replicas) {
		r.replicas = sampled
		return history.Sample{}, errTopologyChanged
	}
	if err := confirm(asked, results); err != nil {
		return history.Sample{}, err
	}
	nodes := make([]history.Node, len(asked))
	for i := range asked {
		nodes[i] = describe(asked[i], results[i])
	}
	if len(listed) > maxReplicas {
		// It stands for all that are left out.
		nodes = append(nodes, history.Node{Address: listed[maxReplicas], Replica: true, Err: &reason.Error{Reason: reason.TooManyReplicas}})
	}
	return history.NewSample(results[0].Probed, nodes...), nil
}

// replicasOf returns the addresses of a primary's replicas, as INFO lists them,
// in an order that stays. A replica that receives its first copy over a
// connection of its own is listed once for each of both.
func replicasOf(info *redisinfo.Info) ([]string, error) {
	var found []string
	for _, record := range info.Numbered("slave") {
		host, errHost := record.Text("ip")
		port, errPort := record.Text("port")
		kind, _ := record.Text("type") // which few servers tell
		if errHost == nil && errPort == nil && kind != "rdb-channel" {
			if _, err := strconv.ParseUint(port, 10, 16); err != nil || !connection.IsHost(host) {
				return nil, &reason.Error{Reason: reason.Protocol, Cause: errors.New("INFO lists a replica at what is not an address")}
			}
			found = append(found, net.JoinHostPort(host, port))
		}
	}
	slices.Sort(found)
	return slices.Compact(found), nil
}
