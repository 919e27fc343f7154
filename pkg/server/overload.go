package server

import (
	"context"
	"net/http"
	"runtime"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apiserver/pkg/endpoints/request"
)

const (
	// waitersAtMost is how many requests wait for their turn, and waitAtMost how long.
	// One more, or one that waited in vain, is refused.
	waitersAtMost = 400
	waitAtMost    = 2 * time.Second
)

// turns lets requests for metrics through, as many at once as the processors can
// be kept busy with. The others wait for their turn. Those of the
// HorizontalPodAutoscaler never wait: however many clients ask, it is answered.
type turns struct {
	running, waiting chan struct{}
	wait             time.Duration
}

func newTurns() *turns {
	return &turns{
		running: make(chan struct{}, 2*runtime.GOMAXPROCS(0)),
		waiting: make(chan struct{}, waitersAtMost),
		wait:    waitAtMost,
	}
}

func (x *turns) limit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !limited(r) {
			next.ServeHTTP(w, r)
			return
		}
		if !x.enter(r.Context()) {
			refuse(w, r, tooMany())
			return
		}
		defer func() { <-x.running }()
		next.ServeHTTP(w, r)
	})
}

func tooMany() error {
	refused := apierrors.NewTooManyRequestsError("too many requests for metrics at once")
	refused.ErrStatus.Details = nil // it asks to wait and come back
	return refused
}

// limited tells whether a request asks for metrics and is not of the autoscaler.
func limited(r *http.Request) bool {
	info, ok := request.RequestInfoFrom(r.Context())
	if !ok || !info.IsResourceRequest {
		return false
	}
	return !ofAutoscaler(r.Context())
}

// enter waits for a turn. It returns false if none comes.
func (x *turns) enter(ctx context.Context) bool {
	select {
	case x.running <- struct{}{}:
		return true
	default:
	}
	select {
	case x.waiting <- struct{}{}:
		defer func() { <-x.waiting }()
	default:
		return false
	}
	timer := time.NewTimer(x.wait)
	defer timer.Stop()
	select {
	case x.running <- struct{}{}:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}
