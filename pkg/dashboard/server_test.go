package dashboard

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/overview"
)

func listen(t *testing.T) *Server {
	t.Helper()
	s, err := Listen(t.Context(), Options{
		Scope: "namespace shop", Interval: time.Minute,
		Read: func(context.Context) (overview.Overview, error) { return observed("2300", ""), nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.listener.Close() })
	return s
}

// TestRequests checks which requests are answered: a GET, to loopback, and for readings with the token.
func TestRequests(t *testing.T) {
	s := listen(t)
	host := s.listener.Addr().String()
	_, port, _ := strings.Cut(host, ":")
	ours := "Bearer " + s.token
	for _, test := range []struct {
		name, method, host, path, authorization string
		want                                    int
	}{
		{"the page", http.MethodGet, host, "/", "", http.StatusOK},
		{"by name", http.MethodGet, "localhost:" + port, "/page.js", "", http.StatusOK},
		{"the plots", http.MethodGet, host, "/uPlot.iife.min.js", "", http.StatusOK},
		{"readings", http.MethodGet, host, "/readings?from=0", ours, http.StatusOK},
		{"readings without the token", http.MethodGet, host, "/readings?from=0", "", http.StatusUnauthorized},
		{"readings with another token", http.MethodGet, host, "/readings?from=0", ours + "A", http.StatusUnauthorized},
		{"the token in the query", http.MethodGet, host, "/readings?from=0&token=" + s.token, "", http.StatusUnauthorized},
		{"no number", http.MethodGet, host, "/readings", ours, http.StatusBadRequest},
		{"a negative number", http.MethodGet, host, "/readings?from=-1", ours, http.StatusBadRequest},
		{"a name that leads here", http.MethodGet, "rebound.example:" + port, "/readings?from=0", ours, http.StatusMisdirectedRequest},
		{"a name that looks like ours", http.MethodGet, "localhost.example:" + port, "/", "", http.StatusMisdirectedRequest},
		{"another port", http.MethodGet, "127.0.0.1:1", "/", "", http.StatusMisdirectedRequest},
		{"no port", http.MethodGet, "localhost", "/", "", http.StatusMisdirectedRequest},
		{"no host", http.MethodGet, "", "/", "", http.StatusMisdirectedRequest},
		{"POST", http.MethodPost, host, "/readings?from=0", ours, http.StatusMethodNotAllowed},
		{"HEAD", http.MethodHead, host, "/", "", http.StatusMethodNotAllowed},
		{"a preflight", http.MethodOptions, host, "/readings?from=0", "", http.StatusMethodNotAllowed},
		{"a file that is not of the page", http.MethodGet, host, "/uplot/LICENSE", "", http.StatusNotFound},
		{"a path upwards", http.MethodGet, host, "/../server.go", "", http.StatusNotFound},
	} {
		t.Run(test.name, func(t *testing.T) {
			request := httptest.NewRequest(test.method, "http://"+host+test.path, nil)
			request.Host = test.host
			if test.authorization != "" {
				request.Header.Set("Authorization", test.authorization)
			}
			response := httptest.NewRecorder()
			s.ServeHTTP(response, request)
			if response.Code != test.want {
				t.Errorf("answered %d, want %d: %s", response.Code, test.want, response.Body)
			}
			if strings.Contains(response.Body.String(), s.token) {
				t.Errorf("the answer holds the token: %s", response.Body)
			}
			for name, want := range map[string]string{
				"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
					"base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
				"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
				"Cross-Origin-Resource-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
				"Access-Control-Allow-Origin": "", "Set-Cookie": "",
			} {
				if got := response.Header().Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
		})
	}
}

// TestPageIsComplete checks that the page names only what is served, and has no script or style of its own, which its
// policy refuses.
func TestPageIsComplete(t *testing.T) {
	index, err := page.ReadFile("page/index.html")
	if err != nil {
		t.Fatal(err)
	}
	for path, file := range files {
		if _, err := page.ReadFile(file.path); err != nil {
			t.Error(err)
		}
		if path != "/" && !strings.Contains(string(index), `"`+strings.TrimPrefix(path, "/")+`"`) {
			t.Errorf("the page does not name %s", path)
		}
	}
	for _, refused := range []string{"<style", "style=", "onclick", "http:", "https:", "<script>"} {
		if strings.Contains(string(index), refused) {
			t.Errorf("the page holds %s", refused)
		}
	}
}

// TestRun reads the cluster and serves what it read, on loopback alone, until its context ends.
func TestRun(t *testing.T) {
	s := listen(t)
	at, err := url.Parse(s.URL())
	if err != nil || at.Hostname() != "127.0.0.1" || at.Fragment != s.token || len(s.token) < 26 {
		t.Fatalf("URL %s, %v", s.URL(), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	var got answer
	for len(got.Readings) == 0 {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+at.Host+"/readings?from=0", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+at.Fragment)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		err = json.NewDecoder(response.Body).Decode(&got)
		_ = response.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
	}
	if got.Scope != "namespace shop" || got.Interval != 60 || *got.Readings[0].HPAs[0].Metrics[0].Value != 2300 {
		t.Errorf("answer %+v", got)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if response, err := http.Get("http://" + at.Host); err == nil {
		_ = response.Body.Close()
		t.Error("the server still answers")
	}
}

func TestRunEndsIfItCannotServe(t *testing.T) {
	s := listen(t)
	_ = s.listener.Close()
	if err := s.Run(t.Context()); err == nil {
		t.Error("a closed listener is no error")
	}
}
