package sampler

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// poller asks one node of a target time after time. It is not safe for concurrent use.
type poller struct {
	session
	reply  replyBuffer
	parser redisinfo.Parser
	// oneSection remembers a server that refused to be asked for several sections.
	oneSection bool
	// plan is what the object declares beyond INFO, and run puts it to work.
	plan *probe.Plan
	run  *probe.Session
	// held is how long commands that nothing bounds are left out, heldUntil the end
	// of that, and heldCause why.
	held      time.Duration
	heldUntil time.Time
	heldCause string
	// scriptsOff reports whether it is known here that scripts are off for good.
	scriptsOff bool
}

// request is what a node is asked beside INFO.
type request struct {
	// declared asks for what the object declares, and here tells which keys the
	// node has, nil for all.
	declared bool
	here     func(key string) bool
	// withoutInfo lets what is declared count where the server refuses INFO.
	withoutInfo bool
	// cluster asks how the node's cluster is, and shards which shards it sees.
	cluster, shards bool
}

// response is what a node answered.
type response struct {
	history.Node
	probed []probe.Result
	// shards are those of the cluster as the node sees it, nil if it was not asked.
	shards []shard
}

func newPoller(t *target.Target, address string, by deps) *poller {
	plan := t.Probes
	if plan == nil {
		plan = probe.Compile(nil)
	}
	p := &poller{
		session: session{deps: by, target: t, party: target.Servers, address: address, database: t.Database, now: time.Now},
		reply:   replyBuffer{from: by.replies},
		plan:    plan, run: plan.Start(probe.Sampling{Database: t.Database, Interval: t.Interval, MaxAge: t.MaxAge}),
	}
	p.parser.Layouts = by.schemas
	if fields := plan.InfoFields(); len(fields) > 0 {
		p.parser.Layouts = by.schemas.Keeping(func(field string) bool { return by.keep(field) || slices.Contains(fields, field) })
	}
	return p
}

// attempt asks the node once. The error is an *Error.
func (p *poller) attempt(ctx context.Context, q request) (response, error) {
	var got response
	failure, notRenewed := p.do(ctx,
		func(ctx context.Context, l *link) (err error) {
			got, err = p.ask(ctx, l, q)
			if err != nil && l.conn.Load() != nil && !errors.Is(err, errDialed) {
				p.run.Lost()
			}
			p.afterScript(l, err)
			return err
		},
		func(ctx context.Context, l *link) error {
			_, err := p.ask(ctx, l, request{})
			return err
		})
	if failure != nil {
		p.hold(failure.Reason)
		return response{}, failure
	}
	got.NotRenewed = notRenewed
	return got, nil
}

// ask sends INFO, what else is asked, and a token, in one round trip.
func (p *poller) ask(ctx context.Context, l *link, q request) (response, error) {
	if q.cluster && !l.met {
		if err := l.identify(ctx); err != nil {
			return response{}, err
		}
	}
	start := p.now()
	pipe := l.pipe
	defer p.reply.release()
	info := redis.NewRawWriteToCmd(ctx, &p.reply, l.wanted()...)
	_ = pipe.Process(ctx, info)
	var sent []probe.Command
	if q.declared {
		sent = p.run.Commands(p.heldBack(start), q.here)
	}
	probes := send(ctx, pipe, sent)
	var seen view
	if q.cluster {
		seen = askView(ctx, pipe, q.shards, l.migrations)
	}
	echo := l.echo(ctx)
	if q.declared && p.run.RunsScript() {
		l.script.begin(l.token)
	}
	_, err := pipe.Exec(ctx)
	at := p.now()
	text, refused := p.reply.of(info, err)
	withoutInfo := q.withoutInfo && refusesInfo(refused) && slices.ContainsFunc(probes, func(cmd *redis.Cmd) bool { return cmd != nil })
	if withoutInfo {
		refused = nil
	}
	if err := firstOf(refused, seen.err(), echo.Err(), ofWhole(err, append(probes, seen.migrations))); err != nil {
		var reply redis.Error
		p.oneSection = p.oneSection || (l.info != nil && errors.As(refused, &reply))
		return response{}, err
	}
	if err := p.inTime(l, echo, start, at); err != nil {
		return response{}, err
	}
	parsed := &redisinfo.Info{}
	if !withoutInfo {
		if parsed, err = p.parse(text); err != nil {
			return response{}, err
		}
		p.learn(l, parsed)
	}
	got := response{Node: p.node(parsed, at, at.Sub(l.conn.Load().asked))} // which dialing is not a part of
	if withoutInfo {
		got.Info, got.Err = nil, &reason.Error{Reason: reason.InfoRefused}
	}
	if q.declared {
		got.probed = p.run.Read(p.replies(probes), parsed, start, at)
		if got.probed, err = p.scanOn(ctx, l, start, got.probed); err != nil {
			return response{}, err
		}
		if withoutInfo {
			got.probed = p.lackingInfo(got.probed)
		}
	}
	if q.cluster {
		if got.Migrating, got.Err = seen.migrating(l); q.shards {
			got.shards, err = seen.read(ctx, p.address, p.target)
		}
		if err != nil {
			return response{}, err
		}
	}
	return got, nil
}

// lackingInfo has what is read from INFO say that the server refuses it, where it
// would say that INFO lacks a field.
func (p *poller) lackingInfo(results []probe.Result) []probe.Result {
	results = slices.Clone(results)
	for i, d := range p.plan.Probes() {
		if d.InfoField != "" {
			results[i] = probe.Result{Err: &reason.Error{Reason: reason.InfoRefused}}
		}
	}
	return results
}

// echo adds a new token to a pipeline, which the server repeats after all other
// replies. PING will not do, which Redis refuses while it cannot save (MISCONF).
func (l *link) echo(ctx context.Context) *redis.StringCmd {
	l.asked++
	l.token = l.tokens + strconv.FormatUint(l.asked, 10)
	echo := redis.NewStringCmd(ctx, "echo", l.token)
	_ = l.pipe.Process(ctx, echo)
	return echo
}

// inTime returns why the replies to what was sent at an instant and answered by
// another are not to be used, nil if they are.
func (p *poller) inTime(l *link, echo *redis.StringCmd, start, at time.Time) error {
	if elapsed(start, at) > p.target.Timeout {
		// Nothing tells when the server took its counters, if this process or
		// its machine stood still while the answer lay about.
		return &reason.Error{Reason: reason.Timeout, Cause: errors.New("the answer was read too late")}
	}
	if echo.Val() != l.token {
		return &reason.Error{Reason: reason.Protocol, Cause: errors.New("replies are out of step")}
	}
	return nil
}

// refusesInfo reports whether a server refuses INFO as such: its ACL or its
// provider does not offer the command.
func refusesInfo(refused error) bool {
	var reply redis.Error
	return errors.As(refused, &reply) &&
		(strings.HasPrefix(reply.Error(), "NOPERM") || strings.HasPrefix(reply.Error(), "ERR unknown command"))
}

// node describes the node by its INFO.
func (p *poller) node(info *redisinfo.Info, at time.Time, roundTrip time.Duration) history.Node {
	name, err := info.Name("run_id")
	if err != nil {
		name = "" // Dragonfly has none
	}
	role, err := info.Text("role")
	return history.Node{
		Address: p.address, Name: name, Replica: err == nil && (role == "slave" || role == "replica"),
		At: at, RoundTrip: roundTrip, Info: info, Own: p.run.Own(),
	}
}

// parse reads an INFO, and refuses that of a server that is loading its data.
// Some providers' servers load without a client that could see it, and do not
// report the field.
func (p *poller) parse(text []byte) (*redisinfo.Info, error) {
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

// elapsed is the time from one instant to another by the clock that says more: the
// monotonic clock stands still while a machine is suspended, the wall clock may be set.
func elapsed(start, at time.Time) time.Duration {
	return max(at.Sub(start), at.Round(0).Sub(start.Round(0)))
}

// firstOf returns the first error: the one of INFO tells more than what follows from it.
func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// wanted is the INFO to ask for: everything, as long as the server is not known
// to take several sections.
func (l *link) wanted() []any {
	if l.info == nil {
		return []any{"info", "all"}
	}
	return l.info
}

// learn notes what the server can do. INFO takes several sections from Redis 7.0 on.
// Source: https://redis.io/docs/latest/commands/info/, history.
func (p *poller) learn(l *link, info *redisinfo.Info) {
	if l.info != nil || p.oneSection || len(p.plan.InfoFields()) > 0 {
		return
	}
	version, err := info.Text("redis_version")
	if err != nil {
		return
	}
	text, _, _ := strings.Cut(version, ".")
	if major, err := strconv.Atoi(text); err == nil && major >= 7 {
		l.info = []any{"info", "server", "clients", "memory", "persistence", "stats", "replication", "cpu", "commandstats", "latencystats", "errorstats", "keyspace"}
	}
}
