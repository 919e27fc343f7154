package connection

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/credentials"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/egress"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// Credentials authenticate the adapter at the servers of a target, or at its sentinels.
// *credentials.Manager implements it.
type Credentials interface {
	// Get returns the newest credentials, and the same pointer while they are
	// unchanged.
	Get(ctx context.Context, t *target.Target, of target.Party) (*credentials.Credentials, error)
	// ReportRejected records that the newest credentials did not work.
	ReportRejected(t *target.Target, of target.Party)
}

// Dialer holds what the connections of all targets share.
type Dialer struct {
	egress       *egress.Policy
	credentials  Credentials
	dials        *dialLimit
	connections  *connectionLimit
	killer       *scriptKiller
	readBuffers  *sync.Pool
	replyBuffers *sync.Pool
}

// NewDialer returns a Dialer. Scripts that do not end are watched until ctx ends.
func NewDialer(ctx context.Context, policy *egress.Policy, credentials Credentials) *Dialer {
	return &Dialer{
		egress: policy, credentials: credentials, dials: newDialLimit(), connections: newConnectionLimit(),
		killer: &scriptKiller{ctx: ctx, free: make(chan struct{}, maxWatched)}, readBuffers: newReadBuffers(), replyBuffers: newReplyBuffers(),
	}
}

// Wait waits until no script is watched.
func (d *Dialer) Wait() { d.killer.watching.Wait() }

// Group is the connections of one target.
type Group struct {
	*Dialer
	ctx    context.Context //nolint:containedctx // it ends the connections, whatever attempt made them
	target *target.Target
	limit  *rate.Limiter // on dials, of the target's namespace
	// scriptsOff is why the target's scripts are off, nil if they are not.
	scriptsOff atomic.Pointer[string]
}

// Group returns the connections of a target. They end with ctx.
func (d *Dialer) Group(ctx context.Context, t *target.Target) *Group {
	return &Group{Dialer: d, ctx: ctx, target: t, limit: d.dials.open(t.Namespace)}
}

// Close releases the target's share of its namespace's dial limit.
func (g *Group) Close() { g.dials.close(g.target.Namespace) }

// ScriptsOff returns why the target's scripts must not be run any more, empty if they may.
func (g *Group) ScriptsOff() string {
	if cause := g.scriptsOff.Load(); cause != nil {
		return *cause
	}
	return ""
}

// Server returns a server of the target, or one of its sentinels.
func (g *Group) Server(party target.Party, address string) *Server {
	return &Server{Group: g, party: party, address: address, now: time.Now}
}
