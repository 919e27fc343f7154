package server

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
)

// gone is the writer of a client that has hung up.
type gone struct{ http.ResponseWriter }

func (gone) Write([]byte) (int, error) { return 0, errors.New("http2: stream closed") }

func TestDiscoveryIsAnsweredToItsEnd(t *testing.T) {
	for path, uncut := range map[string]bool{
		"/apis/custom.metrics.k8s.io":         true,
		"/apis/custom.metrics.k8s.io/v1beta1": true,
		"/apis/custom.metrics.k8s.io/v1beta2": true,
		"/apis/custom.metrics.k8s.io/v1beta2/namespaces/default/redises.redis-metrics.dev/my-redis/requests-per-second": false,
		"/openapi/v2": false,
		"/apis":       false,
	} {
		t.Run(path, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			asked := false
			withCompleteDiscovery(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked = true
				if ended := r.Context().Err() != nil; ended == uncut {
					t.Errorf("its context has ended: %t", ended)
				}
				if n, err := w.Write([]byte("all")); (err == nil) != uncut || uncut && n != len("all") {
					t.Errorf("wrote %d, %v", n, err)
				}
			})).ServeHTTP(gone{httptest.NewRecorder()}, httptest.NewRequestWithContext(ctx, http.MethodGet, path, nil))
			if !asked {
				t.Error("the request did not pass")
			}
		})
	}
}
