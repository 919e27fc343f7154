package delegate

import (
	"context"
	"net/http"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/endpoints/handlers/responsewriters"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/apiserver"
)

// answerHeaders are the only headers of the backend that the client gets. They exclude
// Retry-After, for which a controller would wait in its worker.
var answerHeaders = []string{"Content-Type", "Content-Length", "Content-Encoding", "Cache-Control", "Vary", "Warning"}

// answer writes the backend's response to a client, and records the outcome.
// Informational responses, such as 103, are dropped.
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

// Unwrap returns the client's writer, for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.client }

// fail responds with an error of the adapter, in the encoding that the client accepts.
func (a *answer) fail(failure Failure, backend string) {
	a.failure = failure
	if failure == gone {
		return
	}
	err := failure.status(backend)
	a.code = int(err.ErrStatus.Code)
	responsewriters.ErrorNegotiated(err, apiserver.Codecs, schema.GroupVersion{}, a.client, a.request)
}

// verdict returns the outcome for the breaker: nil unless the backend failed. A
// response that is too long is not a failure, because its length depends on the request.
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
