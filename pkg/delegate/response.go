package delegate

import (
	"context"
	"net/http"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/endpoints/handlers/responsewriters"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/apiserver"
)

// answerHeaders are all of the backend's headers that the client is told.
// Retry-After is not among them: a controller would wait in its worker.
var answerHeaders = []string{"Content-Type", "Content-Length", "Content-Encoding", "Cache-Control", "Vary", "Warning"}

// answer writes to a client what the backend says, and keeps how it went. What
// the backend sends before its answer, such as 103, is dropped.
type answer struct {
	client  http.ResponseWriter
	request *http.Request // as it came
	header  http.Header   // what the backend says
	code    int           // of the answer, 0 before it has begun
	failure Failure       // of the backend, empty if there is none
}

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(code int) {
	if code < http.StatusOK || a.code != 0 {
		return
	}
	a.code = code
	told := a.client.Header()
	for _, name := range answerHeaders {
		if values := a.header[name]; len(values) > 0 {
			told[name] = values
		}
	}
	told.Set("Via", Via)
	a.client.WriteHeader(code)
}

// Write implements http.ResponseWriter.
func (a *answer) Write(p []byte) (int, error) { return a.client.Write(p) }

// Unwrap lets http.ResponseController reach the client.
func (a *answer) Unwrap() http.ResponseWriter { return a.client }

// fail answers with an error of ours, in the encoding that the client asked for.
func (a *answer) fail(failure Failure, backend string) {
	a.failure = failure
	if failure == gone {
		return
	}
	err := failure.status(backend)
	a.code = int(err.ErrStatus.Code)
	responsewriters.ErrorNegotiated(err, apiserver.Codecs, schema.GroupVersion{}, a.client, a.request)
}

// verdict returns what the breaker is told: nil unless the backend failed. How
// long an answer is depends on what the client asked for.
func (a *answer) verdict() error {
	switch a.failure {
	case "", TooLong:
		return nil
	case gone:
		return context.Canceled
	default:
		return a.failure
	}
}
