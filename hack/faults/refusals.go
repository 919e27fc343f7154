package faults

import (
	"context"

	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
)

// disconnect returns the command that closes all connections except the operator's.
func disconnect() []any { return []any{"client", "kill", "user", "default"} }

// errorsOfServers returns the rows of a server that answers, but refuses something.
func errorsOfServers() []Fault {
	refused := func(name, how string, failure reason.Reason, breaks, repairs [][]any) Fault {
		return Fault{
			Name: name, How: how, Scope: Server, Levels: verifier.Holds, Rates: verifier.Holds, Within: 4,
			Reasons: []reason.Reason{failure}, inject: operated(breaks, repairs),
		}
	}
	writes := func(name, how string, rates verifier.Behaviour, breaks, repairs [][]any) Fault {
		return Fault{Name: name, How: how, Scope: Server, Rates: rates, Within: 4, inject: operated(breaks, repairs)}
	}
	set := func(args ...any) []any { return append([]any{"config", "set"}, args...) }
	return []Fault{
		refused("the server requires a password", "CONFIG SET requirepass, CLIENT KILL", reason.AuthenticationFailed,
			[][]any{set("requirepass", "other"), disconnect()}, [][]any{set("requirepass", "")}),
		{
			Name: "the ACL denies INFO", How: "ACL SETUSER default -info", Scope: Server, Levels: verifier.Refuses, Rates: verifier.Refuses, Within: 4,
			Except: []Exception{
				except("a metric that needs several samples", verifier.Renews, verifier.MadeOf(verifier.AnyKey), verifier.MadeOf(verifier.AllKeys)),
				except("a metric that one sample reads from a key", verifier.Serves, verifier.LevelsOf(verifier.AnyKey), []string{"listeners"}),
			},
			Reasons: []reason.Reason{reason.InfoRefused},
			inject:  operated([][]any{{"acl", "setuser", "default", "-info"}}, [][]any{{"acl", "setuser", "default", "+@all"}}),
		},
		refused("maxclients is reached", "CONFIG SET maxclients 1, CLIENT KILL", reason.TooManyClients,
			[][]any{set("maxclients", 1), disconnect()}, [][]any{set("maxclients", verifier.MaxClients)}),
		writes("maxmemory is reached, writes are refused (OOM)", "CONFIG SET maxmemory 1", verifier.Serves,
			[][]any{set("maxmemory", 1)}, [][]any{set("maxmemory", 0)}),
		writes("there are too few replicas, writes are refused (NOREPLICAS)", "CONFIG SET min-replicas-to-write 1", verifier.Serves,
			[][]any{set("min-replicas-to-write", 1)}, [][]any{set("min-replicas-to-write", 0)}),
		{
			Name: "the server becomes a replica of a dead primary, writes are refused (READONLY)", How: "REPLICAOF a closed port, REPLICAOF NO ONE", Scope: Server,
			Rates: verifier.Renews, Within: 4, Except: outdated(),
			inject: operated([][]any{{"replicaof", "127.0.0.1", 1}}, [][]any{{"replicaof", "no", "one"}}),
		},
		{
			Name: "RDB saves fail, writes are refused (MISCONF)", How: "BGSAVE to a file name that a directory has", Scope: Server, Within: 2,
			inject: func(ctx context.Context, s *Subject, hold func()) error {
				if err := s.unsaved(ctx); err != nil {
					return err
				}
				hold()
				return s.operate(ctx, set("dbfilename", "dump.rdb", "save", ""))
			},
		},
		{
			Name: "statistics are reset", How: "CONFIG RESETSTAT", Scope: Server, Rates: verifier.Renews, Within: 4, Brief: true,
			inject: func(ctx context.Context, s *Subject, hold func()) error {
				hold()
				return s.breaks(func() error { return s.operate(ctx, []any{"config", "resetstat"}) })
			},
		},
		{
			Name: "all keys are deleted", How: "FLUSHALL, then all are written again", Scope: Server, Within: 3,
			Except: []Exception{
				except("the value of a string", verifier.Renews, verifier.MadeOf(verifier.Clock)),
				except("a counter", verifier.Renews, verifier.MadeOf(verifier.Ticks), verifier.MadeOf(verifier.Log)),
				except("a sum over keys", verifier.Renews, verifier.MadeOf(verifier.AllKeys)),
				except("each number of a consumer group", verifier.Refuses, verifier.MadeOf(verifier.Lag), []string{"pending", "oldest-pending"}),
			},
			inject: func(ctx context.Context, s *Subject, hold func()) error {
				if err := s.Load.Flush(ctx); err != nil {
					return err
				}
				hold()
				return s.Load.Fill(ctx, Base)
			},
		},
		{
			Name: "the server does not know the lag of a consumer group (NULL)", How: "XDEL of an entry in the middle; the stream is created again", Scope: Server, Within: 3,
			Except: []Exception{except("the lag of a consumer group", verifier.Refuses, verifier.MadeOf(verifier.Lag))},
			Blurs:  blurred(1),
			inject: func(ctx context.Context, s *Subject, hold func()) error {
				if err := s.Load.Forget(ctx); err != nil {
					return err
				}
				hold()
				return s.Load.Remember(ctx)
			},
		},
	}
}

// Base is how many keys there are besides those that the load changes.
const Base = 20

// operated breaks and repairs with commands on a single connection, because there may be
// no other.
func operated(breaks, repairs [][]any) func(context.Context, *Subject, func()) error {
	return func(ctx context.Context, s *Subject, hold func()) error {
		client := s.operator()
		defer func() { _ = client.Close() }()
		if err := run(ctx, client, breaks); err != nil {
			return err
		}
		hold()
		return run(ctx, client, repairs)
	}
}
