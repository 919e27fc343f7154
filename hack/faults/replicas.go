package faults

import (
	"context"
	"errors"
	"net"
	"strings"

	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
)

// outdated returns the metrics of data that may be outdated while a replica does not hear from its primary.
func outdated() []Exception {
	return []Exception{except("each metric of keys", verifier.Refuses, keyspace(), verifier.MadeOf(verifier.AnyKey), verifier.MadeOf(verifier.AllKeys))}
}

// replicas returns the rows of a primary and its replica.
func replicas() []Fault {
	return []Fault{
		{
			Name: "a replica is promoted behind a partition", How: "proxy between it and its primary: forwards nothing; REPLICAOF NO ONE, REPLICAOF", Scope: Replicas,
			Levels: verifier.Renews, Rates: verifier.Renews, Within: 6, inject: promoted,
		},
		{
			Name: "a replica announces the address of its primary", How: "CONFIG SET replica-announce-port, CLIENT KILL, and back", Scope: Replicas,
			Levels: verifier.Renews, Rates: verifier.Renews, Within: 6, inject: announced,
		},
		{
			Name: "a replica loses its primary while the data changes", How: "proxy between them: stops listening; writes to the primary", Scope: Replica,
			Rates: verifier.Renews, Within: 6, Except: outdated(), inject: abandoned,
		},
	}
}

func promoted(ctx context.Context, s *Subject, hold func()) error {
	host, port, err := net.SplitHostPort(s.Link.Address())
	if err != nil {
		return err
	}
	s.Load.Truth().Leaves()
	errPromoted := error(nil)
	err = s.Link.with(ctx, func() {
		errPromoted = s.Follower.Client().Do(ctx, "replicaof", "no", "one").Err()
		hold()
	}, silence()...)
	err = errors.Join(err, errPromoted, s.Follower.Client().Do(ctx, "replicaof", host, port).Err())
	return errors.Join(err, s.followed(ctx))
}

// followed waits until the replica hears from its primary.
func (s *Subject) followed(ctx context.Context) error {
	err := s.until(ctx, "the replica follows its primary", func(ctx context.Context) bool { return follows(ctx, s.Follower) })
	s.Load.Truth().Returns()
	return err
}

func announced(ctx context.Context, s *Subject, hold func()) error {
	_, back, err := net.SplitHostPort(s.Back.Address())
	if err != nil {
		return err
	}
	_, own, err := net.SplitHostPort(s.Follower.Addr)
	if err != nil {
		return err
	}
	announce := func(port, shown string) error {
		err := errors.Join(
			s.Follower.Client().ConfigSet(ctx, "replica-announce-port", port).Err(),
			s.Follower.Client().Do(ctx, "client", "kill", "type", "master").Err(),
		)
		return errors.Join(err, s.until(ctx, "the primary reports the replica at another port", func(ctx context.Context) bool {
			text, err := s.Primary.Client().Info(ctx, "replication").Result()
			return err == nil && strings.Contains(text, ",port="+shown+",state=online") && strings.Contains(text, "connected_slaves:1\r\n")
		}))
	}
	s.Load.Truth().Leaves()
	err = announce(back, back)
	hold()
	return errors.Join(err, announce("0", own), s.followed(ctx))
}

func abandoned(ctx context.Context, s *Subject, hold func()) error {
	errStep := error(nil)
	err := s.Link.without(func() {
		_, errStep = s.Load.Step(ctx)
		hold()
	})
	return errors.Join(err, errStep, s.followed(ctx))
}
