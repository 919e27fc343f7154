package server

import (
	"bytes"
	"encoding/json"
	"math"
	"net/http"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apiserver/pkg/endpoints/responsewriter"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/apiserver"
)

const (
	// errorBytes bounds the body of an API error. Controllers copy its message
	// into status, Events and logs, once at each of their looks.
	errorBytes = 1024
	// statusBytes bounds the same as plain JSON. Indented or in YAML it is longer.
	statusBytes = 800
	// wordBytes bounds each name beside the message, and causesAtMost how many causes there are.
	wordBytes    = 63
	causesAtMost = 1
	// undecodedBytes bounds what is kept of an error until it is bounded. Past it
	// the library compresses, and of the error only the code is told.
	undecodedBytes = 128 << 10
)

// withBoundedErrors takes off each API error what a controller must not get.
//
// Retry-After: the generic API server sends it with 429, and client-go then
// waits and asks again, up to ten times, inside a worker of the
// HorizontalPodAutoscaler, which has five for the whole cluster. Without it the
// autoscaler holds, and asks at its next look.
//
// Length: a message may hold names that a client or a server has chosen. It is
// cut here, where every error comes by, whoever made it: the provider, the
// library, the filters for authentication and authorization, or a refusal. One
// of a delegate is its own and passes as it is; the header Via tells it.
func withBoundedErrors(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e := &errorWriter{ResponseWriter: w, api: strings.HasPrefix(r.URL.Path, "/api")}
		next.ServeHTTP(responsewriter.WrapForHTTP1Or2(e), r)
		if e.failed != 0 {
			e.finish(r)
		}
	})
}

// errorWriter holds an API error back until it is whole.
type errorWriter struct {
	http.ResponseWriter
	api    bool // the request is one of the API
	failed int  // status code of the error that is held back, 0 if there is none
	body   bytes.Buffer
}

func (e *errorWriter) WriteHeader(code int) {
	e.Header().Del("Retry-After")
	if e.api && code >= http.StatusBadRequest && e.Header().Get("Via") == "" {
		e.failed = code
		return
	}
	e.ResponseWriter.WriteHeader(code)
}

func (e *errorWriter) Write(b []byte) (int, error) {
	if e.failed == 0 {
		return e.ResponseWriter.Write(b)
	}
	e.body.Write(b[:min(len(b), undecodedBytes-e.body.Len())])
	return len(b), nil
}

// Unwrap lets the wrapper offer what the writer within can do.
func (e *errorWriter) Unwrap() http.ResponseWriter { return e.ResponseWriter }

// finish sends the error, as it is if it is short.
func (e *errorWriter) finish(r *http.Request) {
	if e.body.Len() <= errorBytes {
		e.ResponseWriter.WriteHeader(e.failed)
		_, _ = e.ResponseWriter.Write(e.body.Bytes()) // who is gone needs no error
		return
	}
	e.Header().Del("Content-Encoding")
	e.Header().Del("Content-Length")
	decoded, _, err := apiserver.Codecs.UniversalDeserializer().Decode(e.body.Bytes(), nil, nil)
	status, ok := decoded.(*metav1.Status)
	if err != nil || !ok {
		status = &metav1.Status{Status: metav1.StatusFailure, Message: http.StatusText(e.failed)}
	}
	status.Code = int32(e.failed)
	refuse(e.ResponseWriter, r, &apierrors.StatusError{ErrStatus: boundedStatus(*status)})
}

// boundedStatus returns a status that takes up to statusBytes as JSON. Its causes
// keep their types, by which errors are told apart.
func boundedStatus(status metav1.Status) metav1.Status {
	bounded := metav1.Status{Status: metav1.StatusFailure, Code: status.Code}
	if len(status.Reason) <= wordBytes {
		bounded.Reason = metav1.StatusReason(word(string(status.Reason)))
	}
	if details := status.Details; details != nil {
		bounded.Details = &metav1.StatusDetails{Group: word(details.Group), Kind: word(details.Kind), Name: word(details.Name)}
		for _, cause := range details.Causes[:min(causesAtMost, len(details.Causes))] {
			bounded.Details.Causes = append(bounded.Details.Causes, metav1.StatusCause{Type: metav1.CauseType(word(string(cause.Type)))})
		}
	}
	message := cut(printable(status.Message), statusBytes)
	size := sort.Search(len(message), func(size int) bool {
		bounded.Message = cut(message, size+1)
		return jsonSize(bounded) > statusBytes
	})
	bounded.Message = cut(message, size)
	return bounded
}

// jsonSize returns how long a value is as JSON, more than any bound if it cannot be written.
func jsonSize(value any) int {
	text, err := json.Marshal(value)
	if err != nil {
		return math.MaxInt32
	}
	return len(text)
}

const ellipsis = "..."

// cut returns a text of up to size bytes, with an ellipsis at its end if it was longer.
func cut(text string, size int) string {
	if len(text) <= size {
		return text
	}
	size = max(0, size-len(ellipsis))
	for size > 0 && !utf8.RuneStart(text[size]) {
		size--
	}
	return text[:size] + ellipsis
}

// word returns a name of up to wordBytes, in which '?' stands for each character
// that JSON escapes. Escaped names could fill statusBytes on their own.
func word(text string) string {
	return cut(strings.Map(func(r rune) rune {
		if r < ' ' || r >= utf8.RuneSelf-1 || strings.ContainsRune("\"\\<>&", r) {
			return '?'
		}
		return r
	}, text), wordBytes)
}

// printable replaces what is not a printable character.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, text)
}
