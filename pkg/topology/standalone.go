package topology

import (
	"context"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/poller"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// standalone is one server, and its replicas if the object asks for them.
type standalone struct {
	target *target.Target
	replication
}

func (s *standalone) endpoints(context.Context) ([]endpoint, error) {
	return s.replication.endpoints(s.target.Address, poller.Request{Declared: true, WithoutInfo: true}), nil
}

func (s *standalone) assemble(asked []endpoint, results []result) (history.Sample, error) {
	return s.replication.assemble(s.target, asked, results)
}

func (s *standalone) close() {}
