package connection

import (
	"context"
	"errors"
	"sync"

	"golang.org/x/time/rate"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
)

// dialsPerSecond and dialsAtOnce bound how many connections the targets of one
// namespace begin, each with the look-up of its host name: objects whose servers
// close every connection would otherwise dial without end.
const dialsPerSecond, dialsAtOnce = 2000, 2000

// dialLimit bounds the dials of each namespace on its own. It is safe for concurrent
// use.
type dialLimit struct {
	mu         sync.Mutex
	namespaces map[string]*namespaceDials
}

// namespaceDials is the bound of one namespace, and how many targets share it.
type namespaceDials struct {
	limiter *rate.Limiter
	targets int
}

func newDialLimit() *dialLimit { return &dialLimit{namespaces: map[string]*namespaceDials{}} }

// open returns the bound that a target of a namespace shares until close.
func (d *dialLimit) open(namespace string) *rate.Limiter {
	d.mu.Lock()
	defer d.mu.Unlock()
	shared := d.namespaces[namespace]
	if shared == nil {
		shared = &namespaceDials{limiter: rate.NewLimiter(dialsPerSecond, dialsAtOnce)}
		d.namespaces[namespace] = shared
	}
	shared.targets++
	return shared.limiter
}

// close gives up the share of one target.
func (d *dialLimit) close(namespace string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	shared := d.namespaces[namespace]
	if shared.targets--; shared.targets == 0 {
		delete(d.namespaces, namespace)
	}
}

// awaitDial waits until a connection may begin. Where that is later than the
// deadline of ctx, it fails at once.
func awaitDial(ctx context.Context, limiter *rate.Limiter) error {
	err := limiter.Wait(ctx)
	if err != nil && ctx.Err() == nil {
		return &reason.Error{Reason: reason.TooManyDials, Cause: errors.New("the namespace dials too often")}
	}
	return err
}
