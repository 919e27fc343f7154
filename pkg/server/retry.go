package server

import (
	"net/http"

	"k8s.io/apiserver/pkg/endpoints/responsewriter"
)

// withoutRetryAfter takes Retry-After off every answer. The generic API server
// sends it with 429, and client-go then waits and asks again, up to ten times,
// inside a worker of the HorizontalPodAutoscaler, which has five for the whole
// cluster. Without it the autoscaler holds, and asks at its next look.
func withoutRetryAfter(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(responsewriter.WrapForHTTP1Or2(&hasty{w}), r)
	})
}

type hasty struct{ http.ResponseWriter }

func (h *hasty) WriteHeader(code int) {
	h.Header().Del("Retry-After")
	h.ResponseWriter.WriteHeader(code)
}

// Unwrap lets the wrapper offer what the writer within can do.
func (h *hasty) Unwrap() http.ResponseWriter {
	return h.ResponseWriter
}
