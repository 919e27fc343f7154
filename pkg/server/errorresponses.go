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
	// errorBytes bounds the body of an API error. Controllers copy its message into
	// status, Events and logs at each sync.
	errorBytes = 1024
	// statusBytes bounds the same as compact JSON. Indented or as YAML it is longer.
	statusBytes = 800
	// wordBytes bounds each name besides the message, and causesAtMost the number of causes.
	wordBytes    = 63
	causesAtMost = 1
	// undecodedBytes bounds how much of an error is held until it is shortened. Longer
	// errors, which the library compresses, are reduced to their code.
	undecodedBytes = 128 << 10
)

// withBoundedErrors removes from API errors what a controller must not get.
//
// Retry-After: the generic API server sends it with 429, and client-go then waits and
// retries, up to ten times, inside a worker of the HorizontalPodAutoscaler controller,
// which has five for the whole cluster. Without it, the autoscaler holds, and asks at
// its next sync.
//
// Length: a message may contain names that a client or a server has chosen. It is cut
// here, where every error passes: of the provider, the library, the filters for
// authentication and authorization, and refusals. An error of a delegate, recognized by
// the header Via, passes unchanged.
func withBoundedErrors(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e := &errorWriter{ResponseWriter: w, api: strings.HasPrefix(r.URL.Path, "/api")}
		next.ServeHTTP(responsewriter.WrapForHTTP1Or2(e), r)
		if e.failed != 0 {
			e.finish(r)
		}
	})
}

// errorWriter holds an API error back until it is complete.
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

// finish sends the error, unchanged if it is short.
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

// boundedStatus returns a status of at most statusBytes as JSON. Its causes keep their
// types, which distinguish errors.
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

// jsonSize returns the length of a value as JSON, or more than any bound if it cannot be
// encoded.
func jsonSize(value any) int {
	text, err := json.Marshal(value)
	if err != nil {
		return math.MaxInt32
	}
	return len(text)
}

const ellipsis = "..."

// cut shortens a text to at most size bytes, with an ellipsis at its end if it was
// longer.
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

// word shortens a name to at most wordBytes, and replaces each character that JSON
// escapes by '?'. Escaped names alone could fill statusBytes.
func word(text string) string {
	return cut(strings.Map(func(r rune) rune {
		if r < ' ' || r >= utf8.RuneSelf-1 || strings.ContainsRune("\"\\<>&", r) {
			return '?'
		}
		return r
	}, text), wordBytes)
}

// printable replaces characters that are not printable.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, text)
}
