package delegate

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

func TestOnlyWhatIsListedOfTheClientArrives(t *testing.T) {
	const canary = "canary"
	var got http.Request
	f := start(t, func(w http.ResponseWriter, r *http.Request) {
		got = *r
		for name, value := range map[string]string{
			"Content-Type": "application/vnd.kubernetes.protobuf", "Warning": `299 - "old"`, "Retry-After": "1", "Set-Cookie": "a=b",
			"X-Kubernetes-Pf-Flowschema-Uid": "x", "Via": "1.1 other",
		} {
			w.Header().Set(name, value)
		}
		_, _ = w.Write([]byte("k8s\x00"))
	})
	w := f.ask(t.Context(), path+"?labelSelector=app%3Dshop&metricLabelSelector=a;b&pretty=%zz",
		"Accept", "application/vnd.kubernetes.protobuf, */*", "Accept-Encoding", "gzip", "User-Agent", "kubectl",
		"Authorization", canary, "Cookie", canary, "X-Remote-User", canary, "X-Remote-Group", canary, "X-Remote-Extra-Scopes", canary,
		"Impersonate-User", canary, "X-Forwarded-For", canary, "Forwarded", canary, "Proxy-Authorization", canary, "Connection", "X-"+canary,
		"X-"+canary, canary, "Te", "trailers", "Upgrade", canary, "Via", canary, "Traceparent", canary, "If-None-Match", canary, "Range", "bytes=0-1")
	want := http.Header{
		"Accept": {"application/vnd.kubernetes.protobuf, */*"}, "Accept-Encoding": {"gzip"}, "User-Agent": {"kubectl"},
		"Authorization": {"Bearer token-0"}, "Via": {Via},
	}
	if !maps.EqualFunc(got.Header, want, slices.Equal) {
		t.Errorf("headers that arrive are %q", got.Header)
	}
	if got.URL.Path+"?"+got.URL.RawQuery != path+"?labelSelector=app%3Dshop&metricLabelSelector=a;b&pretty=%zz" || got.Host != host+":443" || got.ContentLength != 0 {
		t.Errorf("what arrives is %q at %q with a body of %d bytes", got.RequestURI, got.Host, got.ContentLength)
	}
	answered := http.Header{
		"Content-Type": {"application/vnd.kubernetes.protobuf"}, "Content-Length": {"4"}, "Warning": {`299 - "old"`}, "Via": {Via},
	}
	if !maps.EqualFunc(w.Result().Header, answered, slices.Equal) || w.Code != http.StatusOK || w.Body.String() != "k8s\x00" {
		t.Errorf("answered %d %q with %q", w.Code, w.Body, w.Result().Header)
	}
}

func TestAnErrorOfTheBackendIsPassedOnAsItIs(t *testing.T) {
	for _, code := range []int{400, 403, 404, 429, 500, 503} {
		f := start(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(code)
			_, _ = io.WriteString(w, `{"kind": "Status"} `)
		})
		for range 2 * failuresInRow {
			if w := f.ask(t.Context(), path); w.Code != code || w.Body.String() != `{"kind": "Status"} ` || w.Header().Get("Retry-After") != "" {
				t.Errorf("%d is answered %d %q, %q", code, w.Code, w.Body, w.Header())
			}
		}
		if len(f.seen.failures) > 0 || len(f.seen.codes) != 2*failuresInRow || f.seen.codes[0] != code {
			t.Errorf("%d is counted %v, %v", code, f.seen.codes, f.seen.failures)
		}
	}
}

func TestAPathArrivesAsItWasAuthorized(t *testing.T) {
	const root = "/apis/custom.metrics.k8s.io/v1beta1/namespaces/shop/services/"
	for asked, arrives := range map[string]string{
		root + "web/a:b":           root + "web/a:b",
		root + "%77eb/hits":        root + "web/hits",
		root + "web%3Fa/hits%25":   root + "web%3Fa/hits%25",
		root + "web/%2e%2e%2fhits": root + "web/../hits", // which no server takes, and nobody is authorized for
	} {
		var got string
		f := start(t, func(_ http.ResponseWriter, r *http.Request) { got = r.RequestURI })
		f.ask(t.Context(), asked)
		if got != arrives {
			t.Errorf("%s arrives as %s", asked, got)
		}
	}
}

// statusOf reads the API error of an answer.
func statusOf(t *testing.T, w *httptest.ResponseRecorder) metav1.Status {
	t.Helper()
	var status metav1.Status
	if err := json.Unmarshal(w.Body.Bytes(), &status); err != nil || status.Kind != "Status" || int(status.Code) != w.Code {
		t.Fatalf("answered %d %.200q, %v", w.Code, w.Body, err)
	}
	if w.Header().Get("Retry-After") != "" || w.Header().Get("Via") != "" || status.Details != nil {
		t.Errorf("an error of ours has headers %v and details %v", w.Header(), status.Details)
	}
	return status
}

func TestFailures(t *testing.T) {
	hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	ok := func(http.ResponseWriter, *http.Request) {}
	answer := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	for _, test := range []struct {
		name    string
		answers http.HandlerFunc
		given   func(*fixture)
		want    Failure
		code    int
		says    string
	}{
		{"refuses connections", ok, dialing(refused), Unreachable, 502, "cannot be reached"},
		{"is a black hole", ok, dialing(blackHole), Timeout, 504, "did not answer within 5s"},
		{"does not speak", ok, dialing(silent), Timeout, 504, "did not answer within 5s"},
		{"hangs", hang, nil, Timeout, 504, "did not answer within 5s"},
		{"closes the connection", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, nil, Unreachable, 502, "cannot be reached"},
		{"knows no token", answer(401), nil, TokenRejected, 502, "rejects the token of --delegate-service-account"},
		{"redirects", answer(302), nil, Invalid, 502, "does not answer as an API server does"},
		{"switches protocols", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Upgrade", "x")
			w.Header().Set("Connection", "Upgrade")
			w.WriteHeader(http.StatusSwitchingProtocols)
		}, nil, Invalid, 502, "does not answer as an API server does"},
		{"has long headers", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X", strings.Repeat("x", 2*answerHeaderBytes))
		}, nil, Unreachable, 502, "cannot be reached"},
		{"has a long body", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "16777217")
			w.WriteHeader(http.StatusOK)
		}, nil, TooLong, 502, "answers with more than 16 MiB"},
		{"there is no token", ok, func(f *fixture) { f.tokens.held.Store(nil) }, NoToken, 503, "there is no token"},
		{"the token has ended", ok, func(f *fixture) { f.tokens.held.Store(&token{text: "x", end: time.Now()}) }, NoToken, 503, "there is no token"},
		{"serves the other version", ok, func(f *fixture) {
			f.known.Store(&listing{versions: map[string][]metav1.APIResource{"v1beta1": nil}})
		}, VersionNotServed, 404, "does not serve this version"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := start(t, test.answers)
			if test.given != nil {
				test.given(f)
			}
			w := f.ask(t.Context(), path)
			status := statusOf(t, w)
			if w.Code != test.code || !strings.HasPrefix(status.Message, "Service monitoring/prometheus-adapter, to which") || !strings.Contains(status.Message, test.says) {
				t.Errorf("answered %d %q", w.Code, status.Message)
			}
			if !slices.Equal(f.seen.failures, []Failure{test.want}) || !slices.Equal(f.seen.codes, []int{test.code}) {
				t.Errorf("counted %v, %v", f.seen.failures, f.seen.codes)
			}
		})
	}
}

// dialing has connections come about by dial.
func dialing(dial func(context.Context, string, string) (net.Conn, error)) func(*fixture) {
	return func(f *fixture) { f.transport.current.Load().DialContext = dial }
}

func refused(context.Context, string, string) (net.Conn, error) {
	return nil, errors.New("dial tcp 10.9.8.7:443: connection refused")
}

// blackHole gives up as a dialer does.
func blackHole(context.Context, string, string) (net.Conn, error) {
	return nil, &net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}
}

// silent dials a peer that reads and says nothing.
func silent(context.Context, string, string) (net.Conn, error) {
	here, there := net.Pipe()
	go func() { _, _ = io.Copy(io.Discard, there) }()
	return here, nil
}

func TestBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		var well atomic.Bool
		f := startInBubble(t, func(_ http.ResponseWriter, r *http.Request) {
			asked.Add(1)
			if !well.Load() {
				<-r.Context().Done()
			}
		})
		ask := func() (code int, took time.Duration) {
			began := time.Now()
			return f.ask(t.Context(), path).Code, time.Since(began)
		}
		for range failuresInRow {
			if code, took := ask(); code != http.StatusGatewayTimeout || took != requestTimeout {
				t.Errorf("answered %d after %s", code, took)
			}
		}
		for range 100 {
			if code, took := ask(); code != http.StatusServiceUnavailable || took > 0 {
				t.Errorf("answered %d after %s, though the breaker is open", code, took)
			}
		}
		<-time.After(openFor + time.Millisecond)
		if code, _ := ask(); code != http.StatusGatewayTimeout {
			t.Errorf("the one that tries is answered %d", code)
		}
		if code, _ := ask(); code != http.StatusServiceUnavailable || asked.Load() != failuresInRow+1 {
			t.Errorf("the next is answered %d, and the backend was asked %d times", code, asked.Load())
		}
		<-time.After(openFor + time.Millisecond)
		well.Store(true)
		for range 10 {
			if code, _ := ask(); code != http.StatusOK {
				t.Errorf("answered %d once the backend is well", code)
			}
		}
		if last := f.seen.refused[len(f.seen.refused)-1]; last || !f.seen.refused[0] {
			t.Errorf("the breaker refused: %v", f.seen.refused)
		}
	})
}

// TestNoCrowdKeepsThePreferredWaiting fills the turns with requests that hang.
func TestNoCrowdKeepsThePreferredWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := startInBubble(t, func(_ http.ResponseWriter, r *http.Request) {
			if !strings.HasSuffix(r.URL.Path, "/quick") {
				<-r.Context().Done()
			}
		})
		ctx, leave := context.WithCancel(t.Context())
		var crowd sync.WaitGroup
		for range requestsAtMost {
			crowd.Go(func() { f.ask(ctx, path) })
		}
		synctest.Wait()
		if status := statusOf(t, f.ask(t.Context(), path+"/quick")); status.Code != http.StatusTooManyRequests {
			t.Errorf("one more is answered %d", status.Code)
		}
		if w := f.ask(context.WithValue(t.Context(), preferredKey{}, true), path+"/quick"); w.Code != http.StatusOK {
			t.Errorf("the preferred is answered %d %s", w.Code, w.Body)
		}
		leave()
		crowd.Wait()
		if !slices.Equal(f.seen.failures, []Failure{Overloaded}) {
			t.Errorf("clients that went away count as %v", f.seen.failures)
		}
		if w := f.ask(t.Context(), path+"/quick"); w.Code != http.StatusOK {
			t.Errorf("answered %d %s once the crowd is gone", w.Code, w.Body)
		}
	})
}

// served runs a Backend behind a server, which knows how to end an answer that
// cannot be sent whole.
func (f *fixture) served(t *testing.T) *httptest.Server {
	server := httptest.NewUnstartedServer(f)
	server.Config.ErrorLog = nil
	server.Start()
	t.Cleanup(server.Close)
	return server
}

func TestABodyThatBreaksOffNeverLooksWhole(t *testing.T) {
	endless := func(w http.ResponseWriter, _ *http.Request) {
		for piece := make([]byte, 1<<20); ; {
			if _, err := w.Write(piece); err != nil {
				return
			}
		}
	}
	for name, test := range map[string]struct {
		answers http.HandlerFunc
		failure Failure
		breaks  bool
	}{
		"endless": {endless, TooLong, false},
		"broken": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"items": [`))
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, Unreachable, true},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t, test.answers)
			server := f.served(t)
			for range failuresInRow {
				r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, nil)
				if err != nil {
					t.Fatal(err)
				}
				response, err := server.Client().Do(r)
				if err != nil {
					t.Fatal(err)
				}
				n, err := io.Copy(io.Discard, response.Body)
				_ = response.Body.Close()
				if err == nil || n > bodyBytes {
					t.Errorf("read %d bytes and %v", n, err)
				}
			}
			server.Close()
			if len(f.seen.failures) != failuresInRow || f.seen.failures[0] != test.failure || (len(f.seen.refused) > 0) != test.breaks {
				t.Errorf("counted %v, and the breaker refuses %v", f.seen.failures, f.seen.refused)
			}
		})
	}
}

// slowReader is a client that takes longer to read than a request may take.
type slowReader struct{ *httptest.ResponseRecorder }

func (s slowReader) Write(p []byte) (int, error) {
	<-time.After(requestTimeout)
	return s.ResponseRecorder.Write(p)
}

func TestTheBackendIsNotBlamedForASlowClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := startInBubble(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1048576")
			_, _ = w.Write(make([]byte, 1<<20))
		})
		for range failuresInRow + 1 {
			f.ServeHTTP(slowReader{httptest.NewRecorder()}, httptest.NewRequest(http.MethodGet, path, nil))
		}
		if len(f.seen.failures) > 0 || len(f.seen.refused) > 0 {
			t.Errorf("counted %v, and the breaker refuses %v", f.seen.failures, f.seen.refused)
		}
	})
}

func TestWhatComesBeforeTheAnswerIsDropped(t *testing.T) {
	f := start(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "x")
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusOK)
	})
	server := f.served(t)
	response, err := server.Client().Get(server.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK || response.Header.Get("Link") != "" {
		t.Errorf("answered %d %v", response.StatusCode, response.Header)
	}
}

func TestTheAuthorityIsReadAgain(t *testing.T) {
	f := start(t, func(http.ResponseWriter, *http.Request) {})
	other := redistest.NewAuthority(t)
	for _, step := range []struct {
		write func()
		loads bool
		code  int
	}{
		{func() {}, true, 200},
		{func() { f.trust(t, other) }, true, 502},
		{func() { f.trust(t, &redistest.Authority{PEM: []byte("nonsense")}) }, false, 502},
		{func() { f.trust(t, f.authority) }, true, 200},
		{func() { f.trust(t, &redistest.Authority{}) }, false, 200},
	} {
		step.write()
		if err := f.transport.load(); (err == nil) != step.loads {
			t.Errorf("loading: %v", err)
		}
		w := f.ask(t.Context(), path)
		if w.Code != step.code {
			t.Errorf("answered %d %s, want %d", w.Code, w.Body, step.code)
		}
		if w.Code != http.StatusOK && !strings.Contains(statusOf(t, w).Message, "--delegate-ca-file and --delegate-server-name do not verify") {
			t.Errorf("answered %s", w.Body)
		}
	}
	f.trust(t, f.authority)
	f.transport.serverName = "other.monitoring.svc"
	f.reload(t)
	if status := statusOf(t, f.ask(t.Context(), path)); !slices.Contains(f.seen.failures, Untrusted) || status.Code != http.StatusBadGateway {
		t.Errorf("a certificate of another name is answered %v", status)
	}
	f.trust(t, &redistest.Authority{})
	for _, file := range []string{f.caFile, t.TempDir() + "/none"} {
		if _, err := New(Config{CAFile: file}); err == nil {
			t.Errorf("a backend with %s for its authority was made", file)
		}
	}
}
