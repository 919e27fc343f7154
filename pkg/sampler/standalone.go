package sampler

import (
	"context"
	"errors"
	"net"
	"slices"
	"strconv"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// mostReplicas bounds how many replicas of one primary outside of a cluster are
// sampled, each over a connection of its own.
const mostReplicas = 64

// standalone is one server, and its replicas where the object asks for them.
type standalone struct {
	target *target.Target
	family
}

func (s *standalone) places(context.Context) ([]place, error) {
	return s.family.places(s.target.Address, question{declared: true, withoutInfo: true}), nil
}

func (s *standalone) settle(asked []place, answers []outcome) (history.Sample, error) {
	return s.family.settle(s.target.Replicas, asked, answers)
}

func (s *standalone) close() {}

// family is a server and its replicas, as far as they are known.
type family struct {
	replicas []string
}

// places are those of the server, which is asked a question beside INFO, and of its replicas.
func (f *family) places(server string, q question) []place {
	places := make([]place, 1, 1+len(f.replicas))
	places[0] = place{address: server, question: q}
	for _, address := range f.replicas {
		places = append(places, place{address: address, replica: true})
	}
	return places
}

// settle makes a sample, which stands without a replica that did not answer or
// is not one. It fails with errMoved if the server lists other replicas than
// those that were asked, and they are wanted. A server that is a replica itself
// is sampled alone: with the replicas below it, its data would count twice.
func (f *family) settle(wanted bool, asked []place, answers []outcome) (history.Sample, error) {
	if answers[0].err != nil {
		return history.Sample{}, answers[0].err
	}
	var listed []string
	if wanted && !answers[0].Replica && answers[0].Info != nil {
		var err error
		if listed, err = replicasOf(answers[0].Info); err != nil {
			return history.Sample{}, err
		}
	}
	sampled := listed[:min(len(listed), mostReplicas)]
	if !slices.Equal(sampled, f.replicas) {
		f.replicas = sampled
		return history.Sample{}, errMoved
	}
	if err := confirm(asked, answers); err != nil {
		return history.Sample{}, err
	}
	nodes := make([]history.Node, len(asked), len(asked)+1)
	for n := range asked {
		nodes[n] = answered(asked[n], answers[n])
	}
	if len(listed) > mostReplicas {
		// It stands for all that are left out.
		nodes = append(nodes, history.Node{Address: listed[mostReplicas], Replica: true, Err: &Error{Reason: TooManyReplicas}})
	}
	return history.NewSample(answers[0].probed, nodes...), nil
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
			if _, err := strconv.ParseUint(port, 10, 16); err != nil || !isHost(host) {
				return nil, &Error{Reason: Protocol, cause: errors.New("INFO lists a replica at what is no address")}
			}
			found = append(found, net.JoinHostPort(host, port))
		}
	}
	slices.Sort(found)
	return slices.Compact(found), nil
}
