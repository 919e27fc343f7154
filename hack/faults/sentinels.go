package faults

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// sentinels returns the rows of a primary, its replica and their sentinels.
func sentinels() []Fault {
	failover := func(name, how string, inject func(context.Context, *Subject, func()) error) Fault {
		// A sentinel takes a second to notice a dead primary, and more to agree. By then the last sample
		// may be too old.
		return Fault{Name: name, How: how, Scope: Sentinel, Levels: verifier.Renews, Rates: verifier.Renews, Within: 5, Brief: true, inject: inject}
	}
	return []Fault{
		failover("the primary is killed, the sentinels fail over", "SIGKILL; it returns later as a replica", func(ctx context.Context, s *Subject, hold func()) error {
			return s.deposed(ctx, hold, (*redistest.Server).Kill, (*redistest.Server).Restart)
		}),
		failover("the primary is suspended, the sentinels fail over", "SIGSTOP; SIGCONT after the failover", func(ctx context.Context, s *Subject, hold func()) error {
			return s.deposed(ctx, hold,
				func(one *redistest.Server) { one.Signal(syscall.SIGSTOP) },
				func(one *redistest.Server) { one.Signal(syscall.SIGCONT) })
		}),
		failover("an operator starts a failover", "SENTINEL FAILOVER", func(ctx context.Context, s *Subject, hold func()) error {
			return s.deposed(ctx, hold, func(*redistest.Server) {
				s.Sentinels.Nodes[0].Do("sentinel", "failover", s.MasterName)
			}, func(*redistest.Server) {})
		}),
		{
			// A resumed sentinel takes part in no failover for half a minute.
			Name: "one of three sentinels is suspended", How: "SIGSTOP, SIGCONT", Scope: Sentinel, Within: 2,
			inject: func(_ context.Context, s *Subject, hold func()) error {
				s.Sentinels.Nodes[2].Signal(syscall.SIGSTOP)
				hold()
				s.Sentinels.Nodes[2].Signal(syscall.SIGCONT)
				return nil
			},
		},
		{
			Name: "all sentinels are killed, and restarted later", How: "SIGKILL, restart", Scope: Sentinel, Levels: verifier.Holds, Rates: verifier.Holds, Within: 5,
			Reasons: []reason.Reason{reason.SentinelUnavailable},
			inject: func(_ context.Context, s *Subject, hold func()) error {
				for _, one := range s.Sentinels.Nodes {
					one.Kill()
				}
				hold()
				for _, one := range s.Sentinels.Nodes {
					one.Restart()
				}
				return nil
			},
		},
	}
}

// primary returns the server that the sentinels name.
func (s *Subject) primary(ctx context.Context) (*redistest.Server, error) {
	pair, err := s.Sentinels.Nodes[0].Client().Do(ctx, "sentinel", "get-master-addr-by-name", s.MasterName).StringSlice()
	if err != nil || len(pair) != 2 {
		return nil, errors.Join(err, errors.New("the sentinels name no primary"))
	}
	for _, one := range s.Primaries {
		if one.Addr == net.JoinHostPort(pair[0], pair[1]) {
			return one, nil
		}
	}
	return nil, errors.New("the sentinels name another primary than any that there is")
}

// deposed breaks the primary, waits until the load reaches another one, repairs the old one and waits for the end of
// the failover. Clients that miss the announcement of the sentinels reach the old primary until it is demoted.
func (s *Subject) deposed(ctx context.Context, hold func(), breaks, repairs func(*redistest.Server)) error {
	old, err := s.primary(ctx)
	if err != nil {
		return err
	}
	process, err := s.Load.Process(ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	s.Load.Truth().Leaves()
	err = s.breaks(func() error {
		breaks(old)
		hold()
		s.Sentinels.AwaitPrimary(old)
		return s.until(ctx, "clients reach the new primary", func(ctx context.Context) bool {
			reached, err := s.Load.Process(ctx)
			if err != nil || reached == process {
				return false
			}
			process = reached
			return true
		})
	})
	if err != nil {
		return err
	}
	repairs(old)
	err = s.until(ctx, "the failover is over", s.failedOver)
	if reached, _ := s.Load.Process(ctx); reached != process {
		// Two sentinels of Valkey 9.1 may each lead a failover, the second back to the old primary.
		s.Load.Truth().Break(verifier.Span{From: began, To: time.Now()})
	}
	s.Load.Truth().Returns()
	return errors.Join(err, s.Load.Remeasure(ctx))
}

// failedOver reports whether no sentinel leads a failover, and all servers follow the primary that the sentinels name.
func (s *Subject) failedOver(ctx context.Context) bool {
	for _, sentinel := range s.Sentinels.Nodes {
		state, err := sentinel.Client().Do(ctx, "sentinel", "master", s.MasterName).Result()
		if err != nil || strings.Contains(fmt.Sprint(state), "failover_in_progress") {
			return false
		}
	}
	primary, err := s.primary(ctx)
	return err == nil && !slices.ContainsFunc(s.Primaries, func(server *redistest.Server) bool {
		return server != primary && !follows(ctx, server)
	})
}

// follows reports whether a server is a replica that has what its primary has.
func follows(ctx context.Context, one *redistest.Server) bool {
	text, err := one.Client().Info(ctx, "replication").Result()
	return err == nil && strings.Contains(text, "role:slave") && strings.Contains(text, "master_link_status:up")
}
