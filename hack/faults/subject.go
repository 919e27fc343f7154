package faults

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/redis-metrics/redis-metrics-adapter/hack/backend"
	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/hack/launcher"
	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// Operator is a user of the servers that a [Server] fault affects. It keeps all rights, whatever happens to others.
const Operator, password = "operator", "secret"

// Arguments returns the arguments of a redis-server that a Server fault can affect: it knows the operator, keeps its
// data over a restart, and can be debugged.
func Arguments() []string {
	return append(Persistent(),
		"--enable-debug-command", "yes", "--enable-protected-configs", "yes", "--maxclients", strconv.Itoa(verifier.MaxClients),
		"--user", Operator, "on", ">"+password, "~*", "&*", "+@all",
	)
}

// Persistent returns the arguments of a redis-server that loses nothing that it has acknowledged when it is killed. Its
// file is written before each reply, and never synced: the kernel loses nothing by a kill, and a slow disk, which is no
// fault of the table, would stop the server. Source: beforeSleep and flushAppendOnlyFile in Redis' server.c and aof.c.
// The replication backlog is that of Redis: Valkey's grows to 10 MB, more than the verifier grants for all but keys.
func Persistent() []string {
	return []string{"--appendonly", "yes", "--appendfsync", "no", "--repl-backlog-size", "1mb"}
}

// OperatorOptions returns the options of a client of the operator.
func OperatorOptions(address string) *redis.Options {
	return verifier.Options(address, Operator, password)
}

// Subject is an object and the parts behind it. Fields that a fault's scope does not need may be empty.
type Subject struct {
	Verifier *verifier.Verifier
	// Object is the name of the Redis object.
	Object string
	// Load is the load of the servers that the object names.
	Load *verifier.Load

	// Server is the server behind a standalone object, for the scope Server.
	Server *redistest.Server
	// Link is the network to it, for the scope Network.
	Link *Link
	// Hosts are the hosts files of the adapters, for the scope Name. The server is at the first address of this
	// machine, the server of Spare at the second, and none at the third.
	Hosts [2]*launcher.Hosts
	// Sentinels watch Primaries, one of which is the primary of the name MasterName.
	Sentinels  *redistest.Sentinels
	MasterName string
	Primaries  []*redistest.Server
	// Cluster is three primaries, and a replica of the first one.
	Cluster *redistest.Cluster
	// Primary and Follower are a server and its replica, which replicates over Link, for the scopes Replicas and
	// Replica. Back leads to the primary.
	Primary, Follower *redistest.Server
	Back              *Link
	// InfoProxy rewrites what the server reports about itself, for the scope ReportedInfo.
	InfoProxy *InfoProxy
	// Secret holds the password of the server, for the scope Credentials.
	Secret *Secret
	// Objects edits objects. Spare is the load of a second server, at SpareAddress, that the object may name.
	Objects      *Objects
	Spare        *verifier.Load
	SpareAddress string
	// Backend is the other adapter, for the scope Delegate.
	Backend *backend.Backend
	// Plane is the control plane, and Adapters are two replicas. The first one is
	// asked.
	Plane    *cluster.Cluster
	Adapters [2]*cluster.Adapter
	// APIProxies are between the adapters and the API server.
	APIProxies [2]*APIProxy
	// Clock is the wall clock of the first adapter.
	Clock *launcher.Clock
}

// breaks runs something that makes counters begin again, and records when.
func (s *Subject) breaks(do func() error) error {
	from := time.Now()
	err := do()
	s.Load.Truth().Break(verifier.Span{From: from, To: time.Now()})
	return err
}

// repairWithin bounds how long a part may take to recover. A sentinel on a machine that stood still does nothing for
// half a minute (TILT), and demotes a primary some ten seconds later.
const repairWithin = time.Minute

// until waits until a condition holds.
func (s *Subject) until(ctx context.Context, what string, holds func(context.Context) bool) error {
	err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, repairWithin, true, func(ctx context.Context) (bool, error) {
		return holds(ctx), nil
	})
	if err != nil {
		return fmt.Errorf("wait until %s: %w", what, err)
	}
	return nil
}

// operator returns a client of the server that waits longer than a load, because it must repair what it
// breaks.
func (s *Subject) operator() *redis.Client { return operatorAt(s.Server.Addr) }

func operatorAt(address string) *redis.Client {
	options := OperatorOptions(address)
	options.DialTimeout, options.ReadTimeout = repairWithin, repairWithin
	return redis.NewClient(options)
}

// operate runs commands at the server, as the operator.
func (s *Subject) operate(ctx context.Context, commands ...[]any) error {
	return operateAt(ctx, s.Server.Addr, commands...)
}

func operateAt(ctx context.Context, address string, commands ...[]any) error {
	client := operatorAt(address)
	defer func() { _ = client.Close() }()
	return run(ctx, client, commands)
}

func run(ctx context.Context, client *redis.Client, commands [][]any) error {
	for _, command := range commands {
		if err := client.Do(ctx, command...).Err(); err != nil {
			return fmt.Errorf("%v: %w", command[0], err)
		}
	}
	return nil
}

// startSlow starts a slow command at the server, and returns at once. The returned function waits for its end.
func (s *Subject) startSlow(ctx context.Context, command ...any) (ended func() error) {
	client := s.operator()
	done := make(chan error, 1)
	go func() {
		defer func() { _ = client.Close() }()
		done <- client.Do(ctx, command...).Err()
	}()
	return func() error { return <-done }
}

// IdleClients returns the idle clients of a server that knows the operator.
func IdleClients(address string, load *verifier.Load) *verifier.IdleClients {
	return verifier.NewIdleClients(address, Operator, password, load.Truth())
}
