package poller

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

// TestWhatIsKeptIsAllThatMetricsRead compares each metric of the catalog, for each
// server that there is an answer of, with the same metric of a whole answer.
func TestWhatIsKeptIsAllThatMetricsRead(t *testing.T) {
	metrics := catalog.Builtin()
	files, err := filepath.Glob("../redisinfo/testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("fixtures: %v, %v", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		whole, part := twice(t, string(text), now, nil), twice(t, string(text), now, NewFields(metrics.Reads).keep)
		for _, m := range metrics.All() {
			want, errWant := m.Read(whole, catalog.Query{Now: now})
			got, errGot := m.Read(part, catalog.Query{Now: now})
			if got != want || (errGot == nil) != (errWant == nil) || errGot != nil && errGot.Error() != errWant.Error() {
				t.Errorf("%s, %s: %+v, %v; of the whole answer %+v, %v: does its row name each field that it reads?",
					filepath.Base(file), m.Name, got, errGot, want, errWant)
			}
		}
	}
}

// twice is the history of two samples with one more INFO between them.
func twice(t *testing.T, text string, now time.Time, keep func(string) bool) *history.History {
	t.Helper()
	p := redisinfo.Parser{Schemas: redisinfo.NewSchemas(keep)}
	var store history.Store
	s := store.Open("fixture", history.Policy{Interval: 5 * time.Second, Window: 15 * time.Second, MaxAge: 15 * time.Second})
	for n, text := range []string{text, oneMoreInfo(text)} {
		info, err := p.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		s.Record(history.NewSample(nil, history.Node{At: now.Add(time.Duration(n-1) * 5 * time.Second), Info: info}))
	}
	return s
}

func oneMoreInfo(text string) string {
	for _, name := range []string{"cmdstat_info:calls=", "cmdstat_INFO:calls="} {
		text = strings.Replace(text, name, name+"9", 1)
	}
	return text
}
