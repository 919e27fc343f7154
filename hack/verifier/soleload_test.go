package verifier

import (
	"testing"
	"time"
)

// TestSoleLoad forges rates about a load of 500 requests a second that becomes one of 4700 after a minute.
func TestSoleLoad(t *testing.T) {
	truth := &Truth{}
	for n := range 1200 {
		requests := int64(50)
		if n >= 600 {
			requests += 420
		}
		sent := at(0.1 * float64(n))
		truth.Answered(sent, sent.Add(2*time.Millisecond), requests)
	}
	for name, test := range map[string]struct {
		value, taken float64
		counted      bool
		says         string
	}{
		"exact":                          {500, 30, true, ""},
		"within the tolerance":           {520, 30, true, ""},
		"above the tolerance":            {540, 30, true, "it was"},
		"below the tolerance":            {460, 30, true, "it was"},
		"a zero under load":              {0, 30, true, "a false zero"},
		"twice the load":                 {1000, 30, true, "it was"},
		"half way through a rise":        {2600, 67, true, ""},
		"a second ahead of a rise":       {3300, 67, true, "it was"},
		"the old value long after":       {500, 90, true, "it was"},
		"a window before all traffic":    {500, 10, false, ""},
		"an instant after the last sent": {4700, 180, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			v := New(Defaults())
			v.Expect("cart", []Expectation{SoleLoad()})
			v.Bind("cart", Span{}, truth)
			v.Add(value(RequestsPerSecond, test.taken+1, test.value, test.taken, 15))
			if !test.counted {
				if report := v.Close(); report.Unknown != 1 || report.Violations > 0 {
					t.Errorf("counted %s", report)
				}
				return
			}
			wantFound(t, v, test.says)
		})
	}
	if about := truth.Requests(Span{at(20), at(21)}); about < 490 || about > 510 {
		t.Errorf("about %v requests/s, want 500", about)
	}
	if about := truth.Requests(Span{at(119.5), at(120.5)}); about != 0 {
		t.Errorf("about %v requests/s of a time that is not over", about)
	}
}
