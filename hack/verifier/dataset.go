package verifier

import (
	"context"
	"strconv"
	"time"
)

// Levels that a Truth reports, besides those that objects declare.
const (
	// Keys is the built-in metric of the number of keys, one more with each step.
	Keys = "keys"
	// Steps is how many steps there were, and how many members each key of several members
	// has.
	Steps = "steps"
	// Length is how many entries the stream of events has.
	Length = "length of events"
	// Elsewhere is how many keys other databases have.
	Elsewhere = "keys elsewhere"
	// Expiring is how many keys have an expiry.
	Expiring = "keys with an expiry"
	// Followers is how many replicas a primary has. A replica that is being promoted, or follows again, may be left out
	// of a sum over replicas.
	Followers = "replicas"
	// ReplicaKeys is how many keys all replicas have together.
	ReplicaKeys = "keys of replicas"
	// ReplicaConnections is how many connections the adapters open to several replicas that are one
	// server.
	ReplicaConnections = "connections to replicas"
	// ThirdShardKeys is how many keys are in the last third of the slots.
	ThirdShardKeys = "keys of the third shard"
	// Values is the sum of the values of the keys base:0 to base:9.
	Values = "values"
	// Filled is how many bytes one key takes.
	Filled = "bytes of the filler"
	// Born is when the entry of Ages was added.
	Born = "birth"
	// Started is when the server was started.
	Started = "start"
	// Slowest is how many microseconds the driver has at most waited for an answer.
	Slowest = "slowest answer"
	// Subscribed is how many idle clients subscribe to the channel.
	Subscribed = "subscribed idle clients"
	// Tracking is how many idle clients track keys.
	Tracking = "tracking idle clients"
	// Blocked is how many idle clients wait for an element of a list.
	Blocked = "blocked idle clients"
)

const (
	jobsEach = 10
	// ballast is how many bytes the filler takes.
	ballast = 8 << 20
	filler  = "filler"
	// copied and limited are how many of the keys base:0, base:1 and so on another database has too, and how many of
	// those from base:10 on have an expiry.
	copied, limited, firstLimited = 5, 5, 10
	summed                        = 10
)

func fixed(base int) []string {
	keys := []string{Clock, Backlog, EventStream, Members, "fields", "scores", "visitors", Ticks, Log, Ages, filler}
	for n := range base {
		keys = append(keys, baseKey(n))
	}
	return keys
}

func baseKey(n int) string { return "base:" + strconv.Itoa(n) }
func stepKey(n int) string { return "step:" + strconv.Itoa(n) }

func (l *Load) levels() map[string]float64 {
	third := 0
	for _, key := range fixed(l.base) {
		if Shard(key) == shardCount-1 {
			third++
		}
	}
	for n := range l.steps {
		if Shard(stepKey(n+1)) == shardCount-1 {
			third++
		}
	}
	steps := float64(l.steps)
	return map[string]float64{
		Backlog: jobsEach * steps, Lag: steps, Steps: steps, Length: steps, ThirdShardKeys: float64(third),
		Keys: float64(len(fixed(l.base)) + l.steps + l.stock), ReplicaKeys: 0,
	}
}

// commandsOfStep are such that each may be repeated but the first.
func commandsOfStep(n int) [][]any {
	push := []any{"rpush", Backlog}
	for range jobsEach {
		push = append(push, n)
	}
	return [][]any{
		push, event(n), {"set", stepKey(n), n}, {"sadd", Members, n}, {"hset", "fields", n, n}, {"zadd", "scores", n, n}, {"pfadd", "visitors", n},
	}
}

func event(n int) []any { return []any{"xadd", EventStream, strconv.Itoa(n) + "-1", "n", n} }

// Fill makes the servers hold what the steps so far added and as many keys more, and nothing else. It begins again with
// what did not come through until ctx ends.
func (l *Load) Fill(ctx context.Context, base int) error {
	fill := func(ctx context.Context) error {
		return l.between(ctx, func(ctx context.Context) error { return l.fill(ctx, base) })
	}
	return l.until(ctx, fill(ctx), fill)
}

func (l *Load) fill(ctx context.Context, base int) error {
	l.base = base
	l.steps = max(l.steps, 1)
	sent := time.Now()
	l.truth.Set(Keys, sent, time.Time{}, 0) // all are removed at first
	err := l.change(ctx, l.filling())
	acked := time.Now()
	if err != nil {
		acked = time.Time{}
	}
	elsewhere := 0.0
	if !l.sharded() {
		elsewhere = copied
	}
	for name, value := range map[string]float64{
		Elsewhere: elsewhere, Expiring: limited, Filled: ballast, Values: summed * (summed - 1) / 2, ReplicaConnections: 0,
	} {
		l.truth.Set(name, sent, acked, value)
	}
	l.truth.Happened(Born, Span{sent, acked})
	return err
}

func (l *Load) filling() [][]any {
	var commands [][]any
	for _, key := range fixed(l.base) {
		commands = append(commands, []any{"unlink", key})
	}
	commands = append(commands, [][]any{
		{"set", Clock, time.Since(l.began).Milliseconds()}, {"incr", Ticks}, {"xadd", Log, "maxlen", kept, "*", "n", 1},
		{"xgroup", "create", EventStream, Workers, "0", "mkstream"},
		{"xadd", Ages, "*", "n", 1}, {"xgroup", "create", Ages, Workers, "0"},
		{"xreadgroup", "group", Workers, "worker", "count", 1, "streams", Ages, ">"},
		{"setrange", filler, ballast - 1, "x"},
	}...)
	for n := range l.base {
		commands = append(commands, []any{"set", baseKey(n), n})
	}
	for n := range limited {
		commands = append(commands, []any{"expire", baseKey(firstLimited + n), 86_400})
	}
	if !l.sharded() {
		for n := range copied {
			commands = append(commands, []any{"copy", baseKey(n), baseKey(n), "db", 1, "replace"})
		}
	}
	for n := 1; n <= l.steps; n++ {
		commands = append(commands, commandsOfStep(n)...)
	}
	return commands
}
