package delegate

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// lists answers discovery of each version by what a function returns, 404 if it
// is empty, and all else with 200.
func lists(of func(version string) string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		version, found := strings.CutPrefix(r.URL.Path, root)
		if !found || strings.Contains(version, "/") {
			return
		}
		if r.Header.Get("Authorization") == "" || r.Header.Get("Accept") != "application/json" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		text := of(version)
		if text == "" {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = w.Write([]byte(text))
	}
}

func list(names ...string) string {
	var text strings.Builder
	for i, name := range names {
		fmt.Fprintf(&text, `%s{"name":%q,"namespaced":%t,"kind":"Other","verbs":["delete"]}`, strings.Repeat(",", min(i, 1)), name, strings.HasPrefix(name, "pods"))
	}
	return `{"kind":"APIResourceList","apiVersion":"v1","groupVersion":"x","resources":[` + text.String() + `]}`
}

// names returns what is known of a version, namespaced ones with a star.
func (f *fixture) names(version string) string {
	var text []string
	for _, resource := range f.Resources(version) {
		if resource.Kind != "MetricValueList" || len(resource.Verbs) != 1 || resource.Verbs[0] != "get" {
			return fmt.Sprint(resource)
		}
		text = append(text, resource.Name+map[bool]string{true: "*"}[resource.Namespaced])
	}
	return strings.Join(text, " ")
}

func TestListsAreRead(t *testing.T) {
	many := func(count int) []string {
		names := make([]string, count)
		for i := range names {
			names[i] = fmt.Sprint("pods/m", i)
		}
		return names
	}
	for name, test := range map[string]struct {
		text, want, fails string
	}{
		"metrics, in order": {text: list("pods/b", "namespaces/c", "pods/a", "jobs.batch/d"), want: "jobs.batch/d namespaces/c pods/a* pods/b*"},
		"what is no metric": {text: list("pods", "/a", "pods/", "pods/a/b", "pods/..", "../a", "pods/a b", "pods/é", "pods/a\n", "pods/"+strings.Repeat("a", 254)), want: ""},
		"twice the same":    {text: list("pods/a", "pods/a"), want: "pods/a*"},
		"what we serve":     {text: list("redises.redis-metrics.dev/keys", "pods/a"), want: "pods/a*"},
		"none":              {text: list(), want: ""},
		"null":              {text: `{"kind":"APIResourceList","resources":null}`, want: ""},
		"as many as may be": {text: list(many(listedAtMost)...), want: strings.Join(slices.Sorted(slices.Values(many(listedAtMost))), "* ") + "*"},
		"one more":          {text: list(many(listedAtMost + 1)...), fails: "has 10001 resources, at most 10000"},
		"garbage":           {text: "<html>", fails: "cannot be read"},
		"another kind":      {text: `{"kind":"Status"}`, fails: "no APIResourceList"},
		"100 MB":            {text: strings.Repeat("x", 100<<20), fails: "more than 4 MiB"},
		"4 MiB of nothing":  {text: `{"kind":"APIResourceList","resources":[{}` + strings.Repeat(",{}", listBytes/3-20) + `]}`, fails: "at most 10000"},
		"nested":            {text: strings.Repeat("[", 1<<20), fails: "cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t, lists(func(string) string { return test.text }))
			err := f.refresh(t.Context())
			if (err != nil) != (test.fails != "") || err != nil && !strings.Contains(err.Error(), test.fails) {
				t.Fatalf("read with %v", err)
			}
			for _, version := range []string{"v1beta1", "v1beta2"} {
				if got := f.names(version); got != test.want {
					t.Errorf("%s has %.200q, want %.200q", version, got, test.want)
				}
			}
		})
	}
}

func TestWhatWasKnownStaysWhileDiscoveryFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var text atomic.Value
		text.Store("")
		f := startInBubble(t, lists(func(string) string { return text.Load().(string) }))
		var told atomic.Int64
		f.OnListed(func() { told.Add(1) })
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		f.tokens.held.Store(nil)
		go func() { f.Run(ctx); close(ended) }()
		after(time.Second)
		if f.names("v1beta2") != "" || told.Load() != 1 || len(f.seen.listed) != 0 {
			t.Errorf("known is %q, and %d were told", f.names("v1beta2"), told.Load())
		}
		if w := f.ask(t.Context(), path); w.Code != http.StatusOK {
			t.Errorf("answered %d %s, though nothing is known that forbids it", w.Code, w.Body)
		}
		text.Store(list("pods/a"))
		after(relistInterval)
		first := time.Now()
		if f.names("v1beta2") != "pods/a*" || told.Load() != 2 || len(f.seen.listed) != 1 {
			t.Errorf("known is %q, and %d were told", f.names("v1beta2"), told.Load())
		}
		text.Store("garbage")
		after(10 * listInterval)
		if f.names("v1beta2") != "pods/a*" || len(f.seen.listed) != 1 || first.Sub(f.seen.listed[0]) > relistInterval {
			t.Errorf("known is %q since %v", f.names("v1beta2"), f.seen.listed)
		}
		text.Store(list("pods/b"))
		after(relistInterval)
		if f.names("v1beta2") != "pods/b*" || len(f.seen.listed) != 2 {
			t.Errorf("known is %q since %v", f.names("v1beta2"), f.seen.listed)
		}
		stop()
		<-ended
	})
}

func TestABackendOfTheOlderVersionAlone(t *testing.T) {
	f := start(t, lists(func(version string) string { return map[string]string{"v1beta1": list("pods/a")}[version] }))
	if err := f.refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if f.names("v1beta1") != "pods/a*" || f.names("v1beta2") != "" {
		t.Errorf("known are %q and %q", f.names("v1beta1"), f.names("v1beta2"))
	}
	if w := f.ask(t.Context(), strings.Replace(path, "v1beta2", "v1beta1", 1)); w.Code != http.StatusOK {
		t.Errorf("v1beta1 is answered %d %s", w.Code, w.Body)
	}
	if status := statusOf(t, f.ask(t.Context(), path)); status.Code != http.StatusNotFound || !strings.Contains(status.Message, "does not serve this version") {
		t.Errorf("v1beta2 is answered %v", status)
	}
}

func FuzzLists(f *testing.F) {
	f.Add([]byte(list("pods/a", "pods/b")))
	f.Add([]byte(`{"kind":"APIResourceList","resources":[null,{"name":1}]}`))
	b := &Backend{cfg: Config{Owns: func(string) bool { return false }}}
	f.Fuzz(func(t *testing.T, text []byte) {
		found, err := b.readList(text)
		for _, resource := range found {
			name, metric, _ := strings.Cut(resource.Name, "/")
			if !IsSegment(name) || !IsSegment(metric) || err != nil || bytes.ContainsAny([]byte(resource.Name), "\x00\n ") {
				t.Errorf("%q is read, %v", resource.Name, err)
			}
		}
	})
}
