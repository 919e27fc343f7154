package sampler

import (
	"context"
	"net"
	"slices"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/series"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// mostReplicas bounds how many replicas of one primary are sampled.
const mostReplicas = 64

// standalone is one server, and its replicas where the object asks for them.
type standalone struct {
	target *target.Target
	family
}

func (s *standalone) places(context.Context) ([]place, error) {
	return s.family.places(s.target.Address), nil
}

func (s *standalone) settle(asked []place, answers []outcome) (series.Sample, error) {
	return s.family.settle(s.target.Replicas, asked, answers)
}

func (s *standalone) close() {}

// family is a server and its replicas, as far as they are known.
type family struct {
	replicas []string
}

// places are those of the server, which is asked for all that is declared, and of its replicas.
func (f *family) places(server string) []place {
	places := make([]place, 1, 1+len(f.replicas))
	places[0] = place{address: server, question: question{declared: true}}
	for _, address := range f.replicas {
		places = append(places, place{address: address, replica: true})
	}
	return places
}

// settle makes a sample, which stands without a replica that did not answer. It
// fails with errMoved if the server tells of other replicas, and they are wanted.
func (f *family) settle(wanted bool, asked []place, answers []outcome) (series.Sample, error) {
	if answers[0].err != nil {
		return series.Sample{}, answers[0].err
	}
	if wanted {
		if found := replicasOf(answers[0].Info); !slices.Equal(found, f.replicas) {
			f.replicas = found
			return series.Sample{}, errMoved
		}
	}
	nodes := make([]series.Node, len(asked))
	for n := range asked {
		nodes[n] = answered(asked[n], answers[n])
	}
	return series.NewSample(answers[0].probed, nodes...), nil
}

// replicasOf are the addresses of a primary's replicas, as INFO tells them, in an order that stays.
func replicasOf(info *redisinfo.Info) []string {
	var found []string
	for _, record := range info.Numbered("slave") {
		host, errHost := record.Text("ip")
		port, errPort := record.Text("port")
		if errHost == nil && errPort == nil && len(found) < mostReplicas {
			found = append(found, net.JoinHostPort(host, port))
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}
