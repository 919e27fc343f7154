package app

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"
)

// TestWeb runs the command until the page has a reading, and then interrupts it.
func TestWeb(t *testing.T) {
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"kind":"List","apiVersion":"v1","items":[]}`)
	}))
	defer api.Close()
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	stdout, out := io.Pipe()
	var errOut strings.Builder
	ended := make(chan int, 1)
	go func() {
		ended <- Main(ctx, []string{"top", "--web", "-n", "shop", "--server", api.URL, "--token", "kept-to-itself"}, "test",
			genericiooptions.IOStreams{In: strings.NewReader(""), Out: out, ErrOut: &errOut})
	}()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse(regexp.MustCompile(`http\S+`).FindString(line))
	if err != nil || at.Hostname() != "127.0.0.1" || at.Fragment == "" {
		t.Fatalf("printed %q", line)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+at.Host+"/readings?from=0", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+at.Fragment)
	var answer struct {
		Scope    string
		Readings []struct{ Problems []string }
	}
	for len(answer.Readings) == 0 {
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		err = json.NewDecoder(response.Body).Decode(&answer)
		_ = response.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
	}
	if answer.Scope != "namespace shop" || len(answer.Readings[0].Problems) != 0 {
		t.Errorf("answer %+v", answer)
	}
	interrupt()
	if code := <-ended; code != 0 || errOut.String() != "" || strings.Contains(line, "kept-to-itself") {
		t.Errorf("exit code %d, printed %q and %q", code, line, errOut.String())
	}
}
