package server

import (
	"context"
	"net/http"
	"runtime"
	"time"

	"golang.org/x/sync/semaphore"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apiserver/pkg/endpoints/request"
)

const (
	// waitersAtMost bounds how many requests wait for their turn, and waitAtMost how
	// long. Others are refused.
	waitersAtMost = 400
	// directWaitersAtMost bounds how many requests that bypass the front proxy wait to
	// be authenticated. Each may be 128 KiB long (headerBytes).
	directWaitersAtMost = 64
	waitAtMost          = 2 * time.Second
)

// requestQueue admits as many requests for metrics at once as keep the processors busy.
// Others wait for their turn. Requests of the HorizontalPodAutoscaler never wait,
// however many clients ask.
type requestQueue struct {
	running, waiting *semaphore.Weighted
	autoscalers      autoscalers
}

func runningAtMost() int { return 2 * runtime.GOMAXPROCS(0) }

func newRequestQueue(waiters int64, free autoscalers) *requestQueue {
	return &requestQueue{semaphore.NewWeighted(int64(runningAtMost())), semaphore.NewWeighted(waiters), free}
}

func (q *requestQueue) limit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !q.limited(r) {
			next.ServeHTTP(w, r)
			return
		}
		if !q.enter(r.Context()) {
			refuse(w, r, tooMany())
			return
		}
		defer q.leave()
		next.ServeHTTP(w, r)
	})
}

func tooMany() error {
	refused := apierrors.NewTooManyRequestsError("too many requests for metrics at once")
	refused.ErrStatus.Details = nil // it asks to wait and come back
	return refused
}

// limited reports whether a request asks for metrics and does not come from the
// autoscaler.
func (q *requestQueue) limited(r *http.Request) bool {
	info, ok := request.RequestInfoFrom(r.Context())
	return ok && info.IsResourceRequest && !q.autoscalers.ask(r.Context())
}

// leave ends a turn.
func (q *requestQueue) leave() { q.running.Release(1) }

// enter waits for a turn, and reports whether there was one.
func (q *requestQueue) enter(ctx context.Context) bool {
	if q.running.TryAcquire(1) {
		return true
	}
	if !q.waiting.TryAcquire(1) {
		return false
	}
	defer q.waiting.Release(1)
	ctx, cancel := context.WithTimeout(ctx, waitAtMost)
	defer cancel()
	return q.running.Acquire(ctx, 1) == nil
}
