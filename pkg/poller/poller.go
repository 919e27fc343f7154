package poller

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/connection"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// Poller asks one node of a target, in one attempt after the other.
type Poller struct {
	target  *target.Target
	address string
	group   *connection.Group
	server  *connection.Server
	now     func() time.Time
	reply   connection.RawReply
	parser  redisinfo.Parser
	// oneSection is set if the server refused a request for several sections.
	oneSection bool
	// plan is what the object declares beyond INFO, and run is the session that carries it out.
	plan *probe.Plan
	run  *probe.Session
	// held is how long unbounded commands are left out, heldUntil until when, and
	// heldCause why.
	held      time.Duration
	heldUntil time.Time
	heldCause string
	// scriptsOff is set once scripts are known to be off for good.
	scriptsOff bool
	// linkUp is when the first of successive answers reported that a replica's link is
	// up, zero if the newest did not.
	linkUp time.Time
}

// Request is what a node is asked besides INFO.
type Request struct {
	// Declared asks for what the object declares. HasKey reports whether the node has a
	// key; nil means that it has all.
	Declared bool
	HasKey   func(key string) bool
	// WithoutInfo makes declared metrics count even if the server refuses INFO.
	WithoutInfo bool
	// Cluster asks for the state of the node's cluster, and Shards for the shards that
	// it sees.
	Cluster, Shards bool
}

// Response is what a node answered.
type Response struct {
	history.Node
	Probed []probe.Result
	// Shards are the shards that the node sees, nil if it was not asked.
	Shards []Shard
}

// New returns a Poller of the node at an address.
func New(group *connection.Group, t *target.Target, address string, fields *Fields) *Poller {
	plan := t.Probes
	if plan == nil {
		plan = probe.Compile(nil)
	}
	p := &Poller{
		target: t, address: address, group: group, server: group.Server(target.Servers, address), now: time.Now, reply: group.RawReply(),
		plan: plan, run: plan.Start(probe.Sampling{Database: t.Database, Interval: t.Interval, MaxAge: t.MaxAge}),
	}
	p.parser.Schemas = fields.schemasWith(plan.InfoFields())
	return p
}

// Close closes the connection to the node.
func (p *Poller) Close() { p.server.Close() }

// Forget drops what is kept of responses between attempts, which may be large.
func (p *Poller) Forget() { p.parser = redisinfo.Parser{Schemas: p.parser.Schemas} }

// Poll asks the node once.
func (p *Poller) Poll(ctx context.Context, q Request) (Response, *reason.Error) {
	var got Response
	failure, notRenewed := p.server.Do(ctx,
		func(ctx context.Context, l *connection.Link) (err error) {
			got, err = p.ask(ctx, l, q)
			if err != nil && l.Sent(err) {
				p.run.Lost()
			}
			l.AfterScript(err)
			return err
		},
		func(ctx context.Context, l *connection.Link) error {
			_, err := p.ask(ctx, l, Request{})
			return err
		})
	if failure != nil {
		p.linkUp = time.Time{}
		p.hold(failure.Reason)
		return Response{}, failure
	}
	got.NotRenewed = notRenewed
	return got, nil
}

// ask sends INFO, the rest of the request and a token, in one round trip.
func (p *Poller) ask(ctx context.Context, l *connection.Link, q Request) (Response, error) {
	if q.Cluster && !l.Capabilities.Identified {
		if err := identify(ctx, l); err != nil {
			return Response{}, err
		}
	}
	start := p.now()
	pipe := l.Pipe
	defer p.reply.Release()
	_ = pipe.Process(ctx, p.reply.Command(ctx, sections(l)...))
	var sent []probe.Command
	if q.Declared {
		sent = p.run.Commands(p.heldBack(start), q.HasKey)
	}
	probes := send(ctx, pipe, sent)
	var seen view
	if q.Cluster {
		seen = askView(ctx, pipe, q.Shards, l.Capabilities.Migrations)
	}
	echo := l.Echo(ctx)
	if q.Declared && p.run.RunsScript() {
		l.RunsScript()
	}
	_, err := pipe.Exec(ctx)
	at := p.now()
	text, refused := p.reply.Bytes(err)
	withoutInfo := q.WithoutInfo && refusesInfo(refused) && slices.ContainsFunc(probes, func(cmd *redis.Cmd) bool { return cmd != nil })
	if withoutInfo {
		refused = nil
	}
	// The error of INFO says more than those that follow from it.
	if err := cmp.Or(refused, seen.err(), echo.Err(), ofWhole(err, append(probes, seen.migrations))); err != nil {
		var reply redis.Error
		p.oneSection = p.oneSection || (l.Capabilities.Info != nil && errors.As(refused, &reply))
		return Response{}, err
	}
	if err := p.inTime(l, echo, start, at); err != nil {
		return Response{}, err
	}
	parsed := &redisinfo.Info{}
	if !withoutInfo {
		if parsed, err = p.parse(text); err != nil {
			return Response{}, err
		}
		p.learn(l, parsed)
	}
	got := Response{Node: p.node(parsed, at, at.Sub(l.Asked()))}
	if withoutInfo {
		got.Info, got.Err = nil, &reason.Error{Reason: reason.InfoRefused}
	}
	if q.Declared {
		got.Probed = p.run.Read(p.replies(probes), parsed, got.Outdated, start, at)
		if got.Probed, err = p.scanOn(ctx, l, start, got.Probed); err != nil {
			return Response{}, err
		}
		if withoutInfo {
			got.Probed = p.lackingInfo(got.Probed)
		}
	}
	if q.Cluster {
		if got.Migrating, got.Err = seen.migrating(&l.Capabilities); q.Shards {
			got.Shards, err = seen.read(ctx, p.address, p.target)
		}
		if err != nil {
			return Response{}, err
		}
	}
	return got, nil
}

// lackingInfo makes results that are read from INFO say that the server refuses INFO,
// instead of that INFO lacks a field.
func (p *Poller) lackingInfo(results []probe.Result) []probe.Result {
	results = slices.Clone(results)
	for i, d := range p.plan.Probes() {
		if d.InfoField != "" {
			results[i] = probe.Result{Err: &reason.Error{Reason: reason.InfoRefused}}
		}
	}
	return results
}

// inTime returns an error unless the token came back, and the replies were read soon
// enough after the requests were sent.
func (p *Poller) inTime(l *connection.Link, echo *redis.StringCmd, start, at time.Time) error {
	if elapsed(start, at) > p.target.Timeout {
		// If this process or its machine stood still while the reply waited, nothing
		// says when the server read its counters.
		return &reason.Error{Reason: reason.Timeout, Cause: errors.New("the reply was read too late")}
	}
	return l.InStep(echo)
}

// refusesInfo reports whether a server refuses the command INFO, because of an ACL or
// because its provider does not offer it.
func refusesInfo(refused error) bool {
	var reply redis.Error
	return errors.As(refused, &reply) &&
		(strings.HasPrefix(reply.Error(), "NOPERM") || strings.HasPrefix(reply.Error(), "ERR unknown command"))
}

// node describes the node by its INFO.
func (p *Poller) node(info *redisinfo.Info, at time.Time, roundTrip time.Duration) history.Node {
	name, err := info.Name("run_id")
	if err != nil {
		name = "" // Dragonfly has none
	}
	return history.Node{
		Address: p.address, Name: name, Replica: redisinfo.IsReplica(info),
		At: at, RoundTrip: roundTrip, Info: info, Own: p.run.Own(), Outdated: p.outdated(info, at),
	}
}

// parse reads an INFO, and refuses it if the server is loading its data. Some providers
// let no client see a server that loads, and do not report the field.
func (p *Poller) parse(text []byte) (*redisinfo.Info, error) {
	parsed, err := p.parser.Parse(text)
	if err != nil {
		return nil, &reason.Error{Reason: reason.Protocol, Cause: err}
	}
	loading, err := parsed.Int("loading")
	switch {
	case errors.Is(err, redisinfo.ErrAbsent):
	case err != nil:
		return nil, &reason.Error{Reason: reason.Protocol, Cause: err}
	case loading != 0:
		return nil, &reason.Error{Reason: reason.Loading}
	}
	return parsed, nil
}

// elapsed returns the longer of the times that the monotonic and the wall clock
// measured. The former stands still while a machine is suspended, and the latter may be
// set.
func elapsed(start, at time.Time) time.Duration {
	return max(at.Sub(start), at.Round(0).Sub(start.Round(0)))
}

// sections returns the arguments of INFO: everything, unless the server is known to
// accept several sections.
func sections(l *connection.Link) []any {
	if l.Capabilities.Info == nil {
		return []any{"info", "all"}
	}
	return l.Capabilities.Info
}

// learn records what the server can do. INFO accepts several sections since Redis 7.0.
// Source: https://redis.io/docs/latest/commands/info/, history.
func (p *Poller) learn(l *connection.Link, info *redisinfo.Info) {
	if l.Capabilities.Info != nil || p.oneSection || len(p.plan.InfoFields()) > 0 {
		return
	}
	version, err := info.Text("redis_version")
	if err != nil {
		return
	}
	if majorOf(version) >= 7 {
		l.Capabilities.Info = []any{"info", "server", "clients", "memory", "persistence", "stats", "replication", "cpu", "commandstats", "latencystats", "errorstats", "keyspace"}
	}
}
