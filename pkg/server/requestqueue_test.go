package server

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/semaphore"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/endpoints/request"
)

// asked is a request of a user, for a metric or for something else.
func asked(ctx context.Context, name string, metric bool) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/apis/custom.metrics.k8s.io/v1beta2/namespaces/a/redises/b/c", nil)
	ctx = request.WithRequestInfo(ctx, &request.RequestInfo{IsResourceRequest: metric})
	return r.WithContext(request.WithUser(ctx, &user.DefaultInfo{Name: name}))
}

func TestAutoscalerIsServedHoweverManyAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newRequestQueue(waitersAtMost, defaultAutoscalers())
		release := make(chan struct{})
		var held sync.WaitGroup
		handler := x.limit(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if u, _ := request.UserFrom(r.Context()); u.GetName() == "crowd" {
				<-release
			}
			w.WriteHeader(http.StatusOK)
		}))
		codes := make(chan int, 2*waitersAtMost)
		crowd := runningAtMost() + waitersAtMost + 100
		for range crowd {
			held.Go(func() {
				w := httptest.NewRecorder()
				handler.ServeHTTP(w, asked(t.Context(), "crowd", true))
				codes <- w.Code
			})
		}
		synctest.Wait()
		if refused := len(codes); refused != 100 {
			t.Errorf("%d of %d requests are refused at once, want those that find no place to wait, 100", refused, crowd)
		}
		for _, name := range []string{"system:serviceaccount:kube-system:horizontal-pod-autoscaler", "system:kube-controller-manager"} {
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, asked(t.Context(), name, true))
			if w.Code != http.StatusOK {
				t.Errorf("%s is answered %d", name, w.Code)
			}
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, asked(t.Context(), "kubelet", false))
		if w.Code != http.StatusOK {
			t.Errorf("a probe is answered %d", w.Code)
		}
		<-time.After(waitAtMost + time.Second)
		synctest.Wait()
		if refused := len(codes); refused != 100+waitersAtMost {
			t.Errorf("%d requests are refused in the end, want all that waited", refused)
		}
		close(release)
		held.Wait()
		counted := map[int]int{}
		for range crowd {
			counted[<-codes]++
		}
		if want := fmt.Sprint(map[int]int{200: runningAtMost(), 429: waitersAtMost + 100}); fmt.Sprint(counted) != want {
			t.Errorf("answers are %v, want %s", counted, want)
		}
	})
}

func TestRefusalTellsNobodyToWait(t *testing.T) {
	x := &requestQueue{running: semaphore.NewWeighted(0), waiting: semaphore.NewWeighted(0)}
	w := httptest.NewRecorder()
	x.limit(http.NotFoundHandler()).ServeHTTP(w, asked(t.Context(), "crowd", true))
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "" || strings.Contains(w.Body.String(), "retryAfter") {
		t.Errorf("answered %d %v %s", w.Code, w.Header(), w.Body)
	}
}

func TestClientThatGoesAwayLeavesTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newRequestQueue(waitersAtMost, defaultAutoscalers())
		for range runningAtMost() {
			x.enter(t.Context())
		}
		ctx, cancel := context.WithCancel(t.Context())
		entered := make(chan bool)
		go func() { entered <- x.enter(ctx) }()
		synctest.Wait()
		cancel()
		if <-entered || !x.waiting.TryAcquire(waitersAtMost) {
			t.Error("it is let in, or waits on")
		}
	})
}
