package hostile

import (
	"fmt"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/hack/measure"
	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
)

func TestWrongValuesAreFound(t *testing.T) {
	truth := &verifier.Truth{}
	began := time.Now().Add(-time.Minute).Truncate(time.Second)
	for n := range 600 {
		sent := began.Add(time.Duration(n) * 100 * time.Millisecond)
		truth.Answered(sent, sent, 20)
	}
	const maxAge = 16 * time.Second // an instant is stated in whole seconds
	now := began.Add(50 * time.Second)
	for _, test := range []struct {
		metric string
		value  float64
		age    time.Duration
		wrong  int
	}{
		{jobs, 100, 0, 0}, {jobs, 101, 0, 1}, {jobs, 0, 0, 1}, {jobs, 100, maxAge, 0}, {jobs, 100, maxAge + time.Second, 1},
		{requests, 200, 0, 0}, {requests, 209, 0, 0}, {requests, 220, 0, 1}, {requests, 0, 0, 1},
	} {
		h := &healthy{name: "forged", jobs: 100, truth: truth}
		a := newAsker(&team{objects: []*healthy{h}})
		a.verifier.Add(verifier.Answer{
			Object: h.name, Metric: test.metric, Asked: now, Answered: now, Value: test.value, At: now.Add(-test.age), Window: 15 * time.Second,
		})
		if report := a.verifier.Close(); report.Violations != test.wrong || report.Checked != 1 {
			t.Errorf("%+v: %s: %q", test, report, report.Wrong)
		}
	}
}

// TestMissingSamplesAreLate leaves out a sample in the midst, and the last one.
func TestMissingSamplesAreLate(t *testing.T) {
	for _, test := range []struct {
		seconds []int
		late    float64 // milliseconds
	}{
		{[]int{0, 5, 10, 15}, 0}, {[]int{0, 5, 12, 15}, 2000}, {[]int{0, 5, 15}, 5000}, {[]int{0, 5, 10}, 3000},
	} {
		l := newLateness()
		began := time.Unix(1_700_000_000, 0)
		l.begin(began)
		for _, second := range test.seconds {
			l.note(fmt.Sprintf(`+%d.000000 [0 127.0.0.1:50000] "llen" "jobs:healthy-01"`, began.Unix()+int64(second)))
		}
		var figures measure.Table
		l.figures(&figures, began.Add(18*time.Second))
		if got := figures.Figures[len(figures.Figures)-1]; got.Value != test.late || len(figures.Missed()) > 0 != (test.late > 1000) {
			t.Errorf("samples after %d s are %v ms late, want %v", test.seconds, got.Value, test.late)
		}
	}
}

func TestNumbersOfCgroups(t *testing.T) {
	for _, test := range []struct {
		text, name string
		want       float64
	}{
		{"536870912\n", "", 536870912},
		{"oom_kill_disable 0\nunder_oom 0\noom_kill 2\n", "oom_kill", 2},
		{"low 0\nhigh 0\nmax 12\noom 1\noom_kill 1\noom_group_kill 0\n", "oom_kill", 1},
	} {
		if got, err := numberAfter(test.text, test.name); err != nil || got != test.want {
			t.Errorf("%q after %q: %v, %v", test.text, test.name, got, err)
		}
	}
}
