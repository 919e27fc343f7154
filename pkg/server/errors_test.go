package server

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apiserver/pkg/endpoints/request"
	genericfilters "k8s.io/apiserver/pkg/server/filters"
)

// TestTooManyRequestsAreNotToldToWait fills the generic API server's own limit.
func TestTooManyRequestsAreNotToldToWait(t *testing.T) {
	for _, test := range []struct {
		name string
		wrap func(http.Handler) http.Handler
		want string
	}{
		{"the library alone", func(h http.Handler) http.Handler { return h }, "1"},
		{"ours", withoutRetryAfter, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			entered, leave := make(chan struct{}), make(chan struct{})
			slow := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
				entered <- struct{}{}
				<-leave
			})
			noneIsLong := func(*http.Request, *request.RequestInfo) bool { return false }
			limited := genericfilters.WithMaxInFlightLimit(slow, 1, 1, noneIsLong)
			factory := &request.RequestInfoFactory{APIPrefixes: sets.NewString("apis")}
			server := httptest.NewServer(test.wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				info, err := factory.NewRequestInfo(r)
				if err != nil {
					t.Error(err)
				}
				limited.ServeHTTP(w, r.WithContext(request.WithRequestInfo(r.Context(), info)))
			})))
			defer server.Close()
			done := make(chan struct{})
			go func() {
				defer close(done)
				get(t, server.URL)
			}()
			<-entered
			code, wait := get(t, server.URL)
			close(leave)
			<-done
			if code != http.StatusTooManyRequests || wait != test.want {
				t.Errorf("answered %d with Retry-After %q, want 429 with %q", code, wait, test.want)
			}
		})
	}
}

func get(t *testing.T, url string) (code int, retryAfter string) {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url+"/apis/a/v1/b", nil)
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	_ = response.Body.Close()
	return response.StatusCode, response.Header.Get("Retry-After")
}
