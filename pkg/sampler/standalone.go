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
	target   *target.Target
	replicas []string
}

func (s *standalone) places(context.Context) ([]place, error) {
	return withReplicas(s.target.Address, s.replicas), nil
}

func (s *standalone) settle(asked []place, answers []outcome) (series.Sample, error) {
	if answers[0].err != nil {
		return series.Sample{}, answers[0].err
	}
	if s.target.Replicas {
		if found := replicasOf(answers[0].Info); !slices.Equal(found, s.replicas) {
			s.replicas = found
			return series.Sample{}, errMoved
		}
	}
	return ofPrimary(asked, answers), nil
}

func (s *standalone) close() {}

// withReplicas are the places of a server, which is asked for all that is
// declared, and of its replicas.
func withReplicas(primary string, replicas []string) []place {
	places := make([]place, 1, 1+len(replicas))
	places[0] = place{address: primary, question: question{declared: true}}
	for _, address := range replicas {
		places = append(places, place{address: address, replica: true})
	}
	return places
}

// ofPrimary is the sample of a server and its replicas. It stands without a replica that did not answer.
func ofPrimary(asked []place, answers []outcome) series.Sample {
	found := make([]series.Node, len(asked))
	for n := range asked {
		found[n] = answered(asked[n], answers[n])
	}
	return series.NewSample(answers[0].probed, found...)
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
