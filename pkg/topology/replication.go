package topology

import (
	"errors"
	"maps"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/connection"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/poller"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// maxReplicas bounds how many replicas of one primary outside a cluster are sampled,
// each over its own connection.
const maxReplicas = 64

// replication is a primary outside a cluster, and its replicas.
//
// A primary lists a replica only while their link is up, and clients may read from a
// replica whose link is down. So a replica that leaves the list is still asked. While it
// answers that its link is down, it is a node like any other. Otherwise it is a node with
// an error for maxAge, and is then dropped.
type replication struct {
	// listed are the replicas that the primary lists, in a stable order, at most one more
	// than are sampled.
	listed []string
	// lost has the replicas that have left the list, and when each was last known to be a replica.
	lost map[string]time.Time
}

// endpoints returns the primary's endpoint, with the whole request, and those of its
// replicas.
func (r *replication) endpoints(primary string, q poller.Request) []endpoint {
	delete(r.lost, primary)
	replicas, _ := r.replicas()
	endpoints := make([]endpoint, 1, 1+len(replicas))
	endpoints[0] = endpoint{address: primary, request: q}
	for _, address := range replicas {
		endpoints = append(endpoints, endpoint{address: address, replica: true})
	}
	return endpoints
}

// replicas returns the replicas to sample, listed ones first, and those beyond the
// limit.
func (r *replication) replicas() (sampled, omitted []string) {
	all := r.listed
	if len(r.lost) > 0 {
		all = slices.Concat(r.listed, slices.Sorted(maps.Keys(r.lost)))
	}
	n := min(len(all), maxReplicas)
	return all[:n], all[n:]
}

// list records which replicas the primary lists now, and which have left the list.
func (r *replication) list(replicas []string) {
	for _, address := range r.listed {
		// No more are asked, and with more the metrics of replicas are unknown.
		if !slices.Contains(replicas, address) && len(r.lost) < maxReplicas {
			if r.lost == nil {
				r.lost = map[string]time.Time{}
			}
			r.lost[address] = time.Now()
		}
	}
	for _, address := range replicas {
		delete(r.lost, address)
	}
	r.listed = replicas
}

// assemble makes a sample. Replicas that did not answer, or are not replicas, are left
// out. It fails with errTopologyChanged if the replicas to ask are not those that were
// asked. A server that is itself a replica is sampled alone: with its own replicas, its
// data would count twice.
func (r *replication) assemble(t *target.Target, asked []endpoint, results []result) (history.Sample, error) {
	if results[0].err != nil {
		return history.Sample{}, results[0].err
	}
	if t.Replicas && !results[0].Replica && results[0].Info != nil {
		listed, err := replicasOf(results[0].Info)
		if err != nil {
			return history.Sample{}, err
		}
		r.list(listed[:min(len(listed), maxReplicas+1)])
	} else {
		r.listed, r.lost = nil, nil
	}
	sampled, omitted := r.replicas()
	if !slices.EqualFunc(asked[1:], sampled, func(at endpoint, address string) bool { return at.address == address }) {
		return history.Sample{}, errTopologyChanged
	}
	if err := confirm(asked, results); err != nil {
		return history.Sample{}, err
	}
	r.confirmLost(t.MaxAge, asked, results)
	nodes := make([]history.Node, 0, len(asked)+1)
	for i, at := range asked {
		if _, lost := r.lost[at.address]; i <= len(r.listed) || lost {
			nodes = append(nodes, describe(at, results[i]))
		}
	}
	if len(omitted) > 0 {
		// It represents all replicas beyond the limit.
		nodes = append(nodes, history.Node{Address: omitted[0], Replica: true, Err: &reason.Error{Reason: reason.TooManyReplicas}})
	}
	return history.NewSample(results[0].Probed, nodes...), nil
}

// confirmLost turns each lost replica whose link is not down into an error, and forgets
// replicas that have been lost for longer than maxAge. A link that is up leads to another
// primary, or came up after the primary had answered.
func (r *replication) confirmLost(maxAge time.Duration, asked []endpoint, results []result) {
	for i, at := range asked {
		if _, lost := r.lost[at.address]; !lost || results[i].err != nil {
			continue
		}
		if link, _ := results[i].Info.Text("master_link_status"); link == "down" {
			r.lost[at.address] = time.Now()
		} else {
			results[i] = result{err: &reason.Error{Reason: reason.NotReplica}}
		}
	}
	maps.DeleteFunc(r.lost, func(_ string, since time.Time) bool { return time.Since(since) > maxAge })
}

// replicasOf returns the addresses of a primary's replicas, as INFO lists them, in a
// stable order. A replica that receives its first copy over a separate connection is
// listed once for each connection.
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
