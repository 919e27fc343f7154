package server

import (
	"context"
	"net/http"
	"strings"

	"k8s.io/apiserver/pkg/endpoints/responsewriter"
	"k8s.io/metrics/pkg/apis/custom_metrics"
)

// withCompleteDiscovery answers a request for discovery completely even if the client has gone. The aggregator asks
// five times at once whether the API is available, takes the first response and abandons the others. The generic API
// server would log errors for each.
func withCompleteDiscovery(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isDiscovery(r) {
			next.ServeHTTP(w, r)
			return
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), requestTimeout)
		defer cancel()
		next.ServeHTTP(responsewriter.WrapForHTTP1Or2(&abandonedWriter{w}), r.WithContext(ctx))
	})
}

// isDiscovery reports whether a request is for discovery of the group or of one of its versions.
func isDiscovery(r *http.Request) bool {
	version, found := strings.CutPrefix(r.URL.Path, "/apis/"+custom_metrics.GroupName)
	return found && r.Method == http.MethodGet && strings.Count(strings.Trim(version, "/"), "/") == 0
}

// abandonedWriter writes to a client that may have gone.
type abandonedWriter struct{ http.ResponseWriter }

func (u *abandonedWriter) Write(b []byte) (int, error) {
	_, _ = u.ResponseWriter.Write(b)
	return len(b), nil
}

// Unwrap returns the wrapped writer, for http.ResponseController.
func (u *abandonedWriter) Unwrap() http.ResponseWriter { return u.ResponseWriter }
