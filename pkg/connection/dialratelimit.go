package connection

import (
	"context"
	"errors"
	"sync"

	"golang.org/x/time/rate"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
)

// dialsPerSecond and dialsAtOnce bound how many connections the targets of one
// namespace begin, each with a look-up of its host name. Otherwise objects whose
// servers close every connection would dial without end.
const dialsPerSecond, dialsAtOnce = 2000, 2000

// dialLimit bounds the dials of each namespace separately. It is safe for concurrent
// use.
type dialLimit struct {
	mu         sync.Mutex
	namespaces map[string]*namespaceDials
}

// namespaceDials is the limit of one namespace, and how many targets share it.
type namespaceDials struct {
	limiter *rate.Limiter
	targets int
}

func newDialLimit() *dialLimit { return &dialLimit{namespaces: map[string]*namespaceDials{}} }

// open returns the limit that a target of a namespace shares until close.
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

// awaitDial waits until a connection may begin. If that is after the deadline of ctx,
// it fails at once.
func awaitDial(ctx context.Context, limiter *rate.Limiter) error {
	err := limiter.Wait(ctx)
	if err != nil && ctx.Err() == nil {
		return &reason.Error{Reason: reason.TooManyDials, Cause: errors.New("the namespace dials too often")}
	}
	return err
}
