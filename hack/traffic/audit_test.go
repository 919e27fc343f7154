package traffic

import (
	"testing"
	"time"
)

func traffics(start time.Time) *History {
	h := NewHistory(time.Hour)
	total := int64(0)
	for i := range 1200 {
		h.Record(start.Add(time.Duration(i)*100*time.Millisecond), total)
		if total += 50; i >= 600 {
			total += 420
		}
	}
	return h
}

func TestAudit(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	sent := traffics(start)
	const window = 15 * time.Second
	for name, test := range map[string]struct {
		served  Value
		checked int
		wrong   int
	}{
		"exact":                          {Value{500, start.Add(30 * time.Second), window}, 1, 0},
		"within the tolerance":           {Value{520, start.Add(30 * time.Second), window}, 1, 0},
		"a zero under load":              {Value{0, start.Add(30 * time.Second), window}, 1, 1},
		"twice the load":                 {Value{1000, start.Add(30 * time.Second), window}, 1, 1},
		"half way through a rise":        {Value{2600, start.Add(67 * time.Second), window}, 1, 0},
		"the old value long after":       {Value{500, start.Add(90 * time.Second), window}, 1, 1},
		"a window before all traffic":    {Value{500, start.Add(10 * time.Second), window}, 0, 0},
		"an instant after the last sent": {Value{4700, start.Add(3 * time.Minute), window}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var a Audit
			a.Check(test.served, sent)
			a.Check(test.served, sent) // the same number again counts once
			if a.Checked != test.checked || len(a.Wrong) != test.wrong {
				t.Errorf("checked %d, wrong %v; want %d and %d", a.Checked, a.Wrong, test.checked, test.wrong)
			}
		})
	}
}

func TestHistoryForgets(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	h := NewHistory(time.Second)
	for i := range 1000 {
		h.Record(start.Add(time.Duration(i)*100*time.Millisecond), int64(i))
	}
	if len(h.points) > 100 {
		t.Errorf("%d points are kept, want about 10", len(h.points))
	}
	if rate, ok := h.Rate(start.Add(99*time.Second), start.Add(99900*time.Millisecond)); !ok || rate < 9.9 || rate > 10.1 {
		t.Errorf("rate %v, %v, want 10", rate, ok)
	}
	if _, ok := h.Rate(start, start.Add(time.Second)); ok {
		t.Error("a rate from before what is kept")
	}
}
