package server

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestClientsLeaveAServerThatIsToStop asks again and again as the aggregator does, over one connection until then.
func TestClientsLeaveAServerThatIsToStop(t *testing.T) {
	for _, proto := range []string{"HTTP/1.1", "HTTP/2.0"} {
		t.Run(proto, func(t *testing.T) {
			stopping := make(chan struct{})
			s := httptest.NewUnstartedServer(withGoAway(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.WriteString(w, r.Proto+" from "+r.RemoteAddr)
			}), stopping))
			s.EnableHTTP2 = proto == "HTTP/2.0"
			s.StartTLS()
			t.Cleanup(s.Close)
			ask := func() string { return bodyAt(t, s.Client(), s.URL) }
			first := ask()
			if again := ask(); again != first {
				t.Fatalf("asked %s and then %s before the server is to stop, want one connection", first, again)
			}
			close(stopping)
			last := ask()
			for range 100 {
				// GOAWAY is sent after the answer, and may come after the next request.
				if next := ask(); next != last {
					return
				}
			}
			t.Error("the connection goes on")
		})
	}
}

// bodyAt returns the body at a URL.
func bodyAt(t *testing.T, client *http.Client, url string) string {
	t.Helper()
	r, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
