package demo

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/terminal"
)

var update = flag.Bool("update", false, "write the golden files")

// seen is what the cluster says in the second from which on it says so.
type seen struct {
	second int
	snap   snapshot
}

func at(second int, served float64, desired, replicas, ready int32, decisions ...string) seen {
	s := snapshot{
		served: verifier.Answer{Value: served, Window: 15 * time.Second}, replicas: replicas, ready: ready, decisions: decisions,
		hpa: hpaState{desired: desired, min: 1, max: 5, target: 1000, active: true, reason: "ReadyForNewScale"},
	}
	if served < 0 {
		s.served.Err = errors.New("no sample yet")
		s.hpa.active, s.hpa.reason, s.hpa.message = false, "FailedGetObjectMetric", "unable to get metric"
	}
	return seen{second, s}
}

// play feeds what was seen to a story, a second at a time, and returns what the view printed.
func playInto(t *testing.T, course []seen, seconds int, view view) (*story, error) {
	t.Helper()
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s := newStory(script(), start)
	f := frame{page: "The page is at http://127.0.0.1:8080/#token while this demo runs."}
	for second := 1; second <= seconds; second++ {
		snap := course[0].snap
		snap.decisions = nil
		for len(course) > 1 && course[1].second <= second {
			course = course[1:]
			snap = course[0].snap
		}
		snap.at = start.Add(time.Duration(second) * time.Second)
		snap.served.At = snap.at.Add(-2 * time.Second)
		over, err := s.step(snap)
		snap.sent = float64(s.phase().load)
		f.story, f.snap = s, snap
		f.trail, f.served = push(f.trail, snap.sent), push(f.served, snap.served.Value)
		if err := view.show(f); err != nil {
			t.Fatal(err)
		}
		if over || err != nil {
			return s, err
		}
	}
	t.Fatal("the story did not end")
	return nil, nil
}

func goodCourse() []seen {
	return []seen{
		at(0, -1, 0, 2, 0),
		at(8, 500, 2, 2, 2),
		at(25, 2300, 3, 3, 2, "New size: 3; reason: requests-per-second above target"),
		at(27, 3100, 3, 3, 3),
		at(40, 4700, 5, 5, 4, "New size: 5; reason: requests-per-second above target"),
		at(42, 4700, 5, 5, 5),
		at(90, 500, 1, 1, 3, "New size: 1; reason: All metrics below target"),
		at(93, 500, 1, 1, 1),
	}
}

func TestPlainView(t *testing.T) {
	var out bytes.Buffer
	s, err := playInto(t, goodCourse(), 300, &plain{out: &out})
	if err != nil {
		t.Fatal(err)
	}
	out.WriteString(summary(s, verifier.Report{Checked: 17}, 98*time.Second))
	golden(t, "plain.txt", out.Bytes())
}

func TestScreenView(t *testing.T) {
	for name, rows := range map[string]int{"screen.txt": 40, "screen-short.txt": 20} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			screen := &screen{out: &out, size: func() (int, int) { return 100, rows }}
			if _, err := playInto(t, goodCourse(), 300, screen); err != nil {
				t.Fatal(err)
			}
			if err := screen.close(); err != nil {
				t.Fatal(err)
			}
			const home = "\x1b[H"
			frames := strings.Split(out.String(), home)
			last := strings.NewReplacer("\x1b[K", "", "\x1b[J", "", terminal.ShowCursor, "").Replace(frames[len(frames)-1])
			golden(t, name, []byte(last))
			if strings.Count(last, "\n") >= rows {
				t.Errorf("%d rows scroll a terminal of %d:\n%s", strings.Count(last, "\n")+1, rows, last)
			}
			if !strings.HasPrefix(out.String(), terminal.HideCursor+home) || !strings.HasSuffix(out.String(), terminal.ShowCursor) {
				t.Error("the cursor is not hidden at first and shown at last")
			}
		})
	}
}

func TestStoryFails(t *testing.T) {
	for name, test := range map[string]struct {
		course []seen
		want   string
	}{
		"the HPA never reads the metric": {
			[]seen{at(0, -1, 0, 2, 2)},
			"the HPA reads the metric, 2 replicas are ready: replicas 2, ready 2, HPA desires 0; no number served: no sample yet; HPA says FailedGetObjectMetric: unable to get metric",
		},
		"the HPA does not scale out": {
			[]seen{at(0, 500, 2, 2, 2)},
			"not within 1m30s: the HPA scales out to 5 replicas: replicas 2",
		},
		"the HPA does not scale in": {
			[]seen{at(0, 500, 2, 2, 2), at(20, 4700, 5, 5, 5)},
			"not within 3m0s: the HPA scales in to 1 replica: replicas 5",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := playInto(t, test.course, 600, &plain{out: &bytes.Buffer{}})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v\nlacks %q", err, test.want)
			}
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("differs from %s; go test -update writes it. Got:\n%s", path, got)
	}
}
