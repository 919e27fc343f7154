package faults

import (
	"context"
	"errors"
	"math"
	"os"
	"syscall"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
)

// process is a part of the control plane, or an adapter.
type process interface {
	PID() int
	Signal(sig os.Signal) error
	Restart(ctx context.Context) error
}

func apiServer(s *Subject) process { return s.Plane.Process(cluster.APIServer) }
func adapter(s *Subject) process   { return s.Adapters[0] }

func suspended(of func(*Subject) process) func(context.Context, *Subject, func()) error {
	return injecting(
		func(_ context.Context, s *Subject) error { return of(s).Signal(syscall.SIGSTOP) },
		func(_ context.Context, s *Subject) error { return of(s).Signal(syscall.SIGCONT) })
}

func restarted(of func(*Subject) process) func(context.Context, *Subject, func()) error {
	return injecting(
		func(_ context.Context, s *Subject) error { return of(s).Signal(syscall.SIGKILL) },
		func(ctx context.Context, s *Subject) error { return of(s).Restart(ctx) })
}

// Recreated is an object that is created again while the adapter's watch is down. Nothing else
// affects it.
const Recreated = "recreated"

// planes returns the rows of the control plane.
func planes() []Fault {
	return []Fault{
		{
			Name: "etcd is suspended", How: "SIGSTOP, SIGCONT", Scope: Plane, Within: 2,
			inject: suspended(func(s *Subject) process { return s.Plane.Process(cluster.Etcd) }),
		},
		{
			Name: "the API server is suspended", How: "SIGSTOP, SIGCONT", Scope: Plane, Levels: verifier.Refuses, Rates: verifier.Refuses, Within: 4,
			inject: suspended(apiServer),
		},
		{
			Name: "the API server is killed, which ends all watches", How: "SIGKILL, restart", Scope: Plane, Levels: verifier.Refuses, Rates: verifier.Refuses, Within: 8, Relearns: true,
			inject: restarted(apiServer),
		},
		{
			Name: "the CustomResourceDefinition is deleted, and created again with all objects", How: "delete, create", Scope: Plane, Levels: verifier.Refuses, Rates: verifier.Refuses, Within: 12, Relearns: true,
			inject: func(ctx context.Context, s *Subject, hold func()) error { return s.Objects.without(ctx, s, hold) },
		},
		{
			Name: "while the watch is down, the object is replaced by one of the same name that names another server", How: "adapter SIGSTOP, API server restart, delete and create, adapter SIGCONT",
			Scope: Plane, Levels: verifier.Refuses, Rates: verifier.Refuses, Within: 8, Relearns: true, Brief: true, inject: recreated,
		},
	}
}

// recreated creates an object again, so that the adapter sees a change and no deletion: the API server's history
// begins after its restart, so the adapter lists again.
func recreated(ctx context.Context, s *Subject, hold func()) error {
	err := s.Adapters[0].Signal(syscall.SIGSTOP)
	err = errors.Join(err, apiServer(s).Signal(syscall.SIGKILL), apiServer(s).Restart(ctx))
	hold()
	address, load := s.SpareAddress, s.Spare
	if s.Objects.made[Recreated].truth == s.Spare.Truth() {
		address, load = s.Server.Addr, s.Load
	}
	err = errors.Join(err, s.until(ctx, "the object is made", func(ctx context.Context) bool {
		_ = s.Objects.Delete(ctx, Recreated)
		return s.Objects.Make(ctx, Recreated, At(address), load.Truth()) == nil
	}))
	return errors.Join(err, s.Adapters[0].Signal(syscall.SIGCONT))
}

// adapters returns the rows of the adapter itself.
func adapters() []Fault {
	return []Fault{
		{
			Name: "the adapter is killed, and restarted later", How: "SIGKILL, start", Scope: Plane, Levels: verifier.Refuses, Rates: verifier.Refuses, Within: 8,
			inject: restarted(adapter),
		},
		{
			Name: "the adapter is suspended", How: "SIGSTOP, SIGCONT", Scope: Plane, Levels: verifier.Refuses, Rates: verifier.Refuses, Within: 5,
			inject: suspended(adapter),
		},
		{
			Name: "the adapter has used up its file descriptors", How: "RLIMIT_NOFILE of its process, CLIENT KILL at one server", Scope: Plane, Limits: true,
			Levels: verifier.Permits, Rates: verifier.Permits, Within: 4, Meanwhile: "what needs no new connection; else the last sample until it is older than `maxAge`, then an error",
			inject: injecting(
				func(ctx context.Context, s *Subject) error {
					return errors.Join(limitFiles(adapter(s).PID(), 0), s.operate(ctx, disconnect()))
				},
				func(_ context.Context, s *Subject) error { return limitFiles(adapter(s).PID(), math.MaxUint64) }),
		},
		{
			Name: "two replicas of the adapter answer in turn", How: "the Service routes to each in turn; the second began to sample later", Scope: Plane, Within: 1, Brief: true,
			inject: func(ctx context.Context, s *Subject, hold func()) error {
				hold()
				for _, one := range []int{1, 0, 1, 0} {
					if err := s.Adapters[one].Route(ctx); err != nil {
						return err
					}
					verifier.Sleep(ctx, s.Verifier.Policy().Interval)
				}
				return nil
			},
		},
		{
			Name: "a rollout replaces the adapter", How: "the Service routes to the other replica; SIGTERM, start; the Service routes back once the new one has sampled for a `window` and 4 intervals", Scope: Plane, Within: 1, Brief: true,
			inject: rolledOut,
		},
	}
}

func rolledOut(ctx context.Context, s *Subject, hold func()) error {
	hold()
	if err := s.Adapters[1].Route(ctx); err != nil {
		return err
	}
	if err := s.Adapters[0].Restart(ctx); err != nil {
		return err
	}
	// Metrics over a window need samples of all of it, and the keys of a replica are not known at first.
	verifier.Sleep(ctx, s.Verifier.Policy().Window+4*s.Verifier.Policy().Interval)
	return s.Adapters[0].Route(ctx)
}
