package server

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apiserver/pkg/endpoints/handlers/responsewriters"
	"k8s.io/apiserver/pkg/endpoints/request"
	genericfilters "k8s.io/apiserver/pkg/server/filters"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/apiserver"
)

// TestTooManyRequestsAreNotToldToWait fills the generic API server's own limit.
func TestTooManyRequestsAreNotToldToWait(t *testing.T) {
	for _, test := range []struct {
		name string
		wrap func(http.Handler) http.Handler
		want string
	}{
		{"the library alone", func(h http.Handler) http.Handler { return h }, "1"},
		{"ours", withBoundedErrors, ""},
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

// failing answers with a status, as the library does.
func failing(status metav1.Status) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		responsewriters.ErrorNegotiated(&apierrors.StatusError{ErrStatus: status}, apiserver.Codecs, schema.GroupVersion{}, w, r)
	})
}

// errorOf returns the body of an error from behind the filter, and the status in it.
func errorOf(t *testing.T, from http.Handler, accept, query string) (body []byte, status *metav1.Status) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/apis/custom.metrics.k8s.io/v1beta2/namespaces/a/redises.redis-metrics.dev/b/c"+query, nil)
	r.Header.Set("Accept", accept)
	r.Header.Set("Accept-Encoding", "gzip")
	w := httptest.NewRecorder()
	withBoundedErrors(from).ServeHTTP(w, r)
	if w.Header().Get("Content-Encoding") != "" {
		t.Fatalf("an error of %d bytes is compressed", w.Body.Len())
	}
	decoded, _, err := apiserver.Codecs.UniversalDeserializer().Decode(w.Body.Bytes(), nil, nil)
	status, ok := decoded.(*metav1.Status)
	if err != nil || !ok || int(status.Code) != w.Code && !unwritable(status) {
		t.Fatalf("%d is answered with %.100q: %v", w.Code, w.Body, err)
	}
	return w.Body.Bytes(), status
}

// unwritable reports whether an error is the library's own, instead of one with
// control characters, which it cannot write as YAML. The provider sends none.
func unwritable(status *metav1.Status) bool {
	return status.Code == http.StatusInternalServerError && strings.Contains(status.Message, "control characters are not allowed")
}

func TestErrorsAreShort(t *testing.T) {
	long := strings.Repeat("r\x00<", 4<<10)
	of := func(message string) metav1.Status {
		return metav1.Status{
			Status: metav1.StatusFailure, Code: 404, Reason: metav1.StatusReasonNotFound, Message: message,
			Details: &metav1.StatusDetails{
				Name: "cart", Group: "redis-metrics.dev", Kind: "redises",
				Causes: []metav1.StatusCause{{Type: "NoMatchingSeries", Message: message}},
			},
		}
	}
	for _, accept := range []string{"application/json", "application/yaml", "application/vnd.kubernetes.protobuf", "text/nonsense"} {
		for _, query := range []string{"", "?pretty=true"} {
			for _, message := range []string{long, strings.Repeat("é", 5000), strings.Repeat("a", 700)} {
				body, status := errorOf(t, failing(of(message)), accept, query)
				if len(body) > errorBytes || len(status.Message) < 80 || status.Details == nil || status.Details.Causes[0].Type != "NoMatchingSeries" {
					t.Errorf("%s: an error of %d bytes is one of %d: %s", accept, len(message), len(body), body)
				}
			}
		}
	}
	body, status := errorOf(t, failing(of("short")), "application/json", "")
	if status.Message != "short" || status.Details.Causes[0].Message != "short" {
		t.Errorf("a short error became %s", body)
	}
	for _, longer := range []http.Handler{
		failing(of(strings.Repeat(long, 100))),
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, long, http.StatusNotFound) }),
	} {
		if body, status = errorOf(t, longer, "", ""); status.Message != http.StatusText(http.StatusNotFound) {
			t.Errorf("an error that cannot be cut became %s", body)
		}
	}
}

// FuzzErrors shows that no error is long, whatever is in it.
func FuzzErrors(f *testing.F) {
	f.Add("message", "NotFound", "name", "Cause", uint16(404), "application/json")
	f.Add(strings.Repeat("\x00", 2000), "", "", "", uint16(500), "application/yaml")
	f.Add("message", "NotFound", "\x00", "Cause", uint16(120), "application/yaml")
	f.Add("a\nb", strings.Repeat("R", 2000), strings.Repeat("é", 999), strings.Repeat("<", 999), uint16(429), "application/vnd.kubernetes.protobuf")
	f.Add(strings.Repeat("m", 999), "0", strings.Repeat("\x11", 999), strings.Repeat("<", 999), uint16(152), "application/json")
	f.Fuzz(func(t *testing.T, message, reason, name, cause string, code uint16, accept string) {
		status := metav1.Status{
			Status: metav1.StatusFailure, Code: 400 + int32(code%200), Reason: metav1.StatusReason(reason), Message: message,
			Details: &metav1.StatusDetails{
				Name: name, Group: name, Kind: name, UID: types.UID(name),
				Causes: []metav1.StatusCause{{Type: metav1.CauseType(cause), Message: message}, {Type: metav1.CauseType(message)}},
			},
			ListMeta: metav1.ListMeta{Continue: message},
		}
		body, got := errorOf(t, failing(status), accept, "?pretty=true")
		if len(body) > errorBytes || got.Code != status.Code && !unwritable(got) {
			t.Errorf("%d bytes, code %d: %s", len(body), got.Code, body)
		}
	})
}

func TestErrorBoundIsAsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../deploy/docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("| the body of an API error | %d bytes", errorBytes); !strings.Contains(string(text), want) {
		t.Errorf("the document lacks %q", want)
	}
}
