package faults

import (
	"context"
	"errors"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/hack/launcher"
	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
)

// names returns the rows of a host name that gets another address.
func names() []Fault {
	return []Fault{
		{
			Name: "the host name resolves to another server, the connection stays", How: "the adapter's hosts file is changed, and changed back",
			Scope: Name, Within: 1, inject: renamed,
		},
		{
			Name: "the host name resolves to another server, the connection is lost", How: "the adapter's hosts file is changed, CLIENT KILL at the first server; then the reverse",
			Scope: Name, Rates: verifier.Renews, Within: 3, Settles: true, inject: moved,
		},
		{
			Name: "a replica of the adapter reaches the API server, and not Redis", How: "its hosts file names an address where nobody listens, CLIENT KILL; the hosts file is changed back",
			Scope: Name, Levels: verifier.Holds, Rates: verifier.Holds, Within: 4, OneReplica: true, Reasons: []reason.Reason{reason.ConnectionRefused}, inject: unreachableServer,
		},
	}
}

// The numbers of the addresses of the server, of the spare one, and of none.
const first, second, third = 1, 2, 3

// point resolves the name to one of the addresses, and waits until the adapters look it up
// again.
func (s *Subject) point(ctx context.Context, to int) error {
	return s.pointOf(ctx, to, s.Hosts[:]...)
}

func (s *Subject) pointOf(ctx context.Context, to int, hosts ...*launcher.Hosts) error {
	var err error
	for _, each := range hosts {
		err = errors.Join(err, each.Point(to))
	}
	verifier.Sleep(ctx, launcher.HostsCached+s.Verifier.Policy().Timeout)
	return err
}

func renamed(ctx context.Context, s *Subject, hold func()) error {
	err := s.point(ctx, second)
	hold()
	// An adapter that lost its connection because the machine stood still returns to the
	// server.
	return errors.Join(err, s.point(ctx, first), operateAt(ctx, s.SpareAddress, disconnect()))
}

// moved moves the adapter to the spare server, and back. Both servers run all the time, so an adapter that remembers
// an address would reach the wrong one.
func moved(ctx context.Context, s *Subject, hold func()) error {
	err := errors.Join(s.point(ctx, second), s.move(ctx, s.Server.Addr, s.Spare.Truth()))
	hold()
	return errors.Join(err, s.point(ctx, first), s.move(ctx, s.SpareAddress, s.Load.Truth()))
}

// move closes the adapter's connections to a server, and records that its next ones lead to
// another.
func (s *Subject) move(ctx context.Context, from string, to *verifier.Truth) error {
	began := time.Now()
	err := operateAt(ctx, from, disconnect())
	s.Verifier.Move(s.Object, verifier.Span{From: began, To: time.Now()}, to)
	return err
}

// unreachableServer makes the server unreachable for the first replica.
func unreachableServer(ctx context.Context, s *Subject, hold func()) error {
	err := errors.Join(s.pointOf(ctx, third, s.Hosts[0]), operateAt(ctx, s.Server.Addr, disconnect()))
	hold()
	return errors.Join(err, s.pointOf(ctx, first, s.Hosts[0]))
}
