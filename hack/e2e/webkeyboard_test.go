package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// keyboard uses the page without a mouse: Tab leads to the time of an HPA, arrows move over it, and what they lead to is
// read out.
func (p *tab) keyboard(t *testing.T) {
	t.Helper()
	tabTo := func(selector string) {
		t.Helper()
		for range 20 {
			do(t, p.ctx, chromedp.KeyEvent(kb.Tab))
			there, err := evaluate[bool](p, fmt.Sprintf(`document.activeElement.matches(%q)`, selector))
			if err != nil {
				t.Fatal(err)
			}
			if there {
				return
			}
		}
		t.Fatalf("Tab does not lead to %s", selector)
	}
	tabTo("section .time")
	for range 5 {
		do(t, p.ctx, chromedp.KeyEvent(kb.ArrowLeft))
	}
	back := p.eventually(t, 10*time.Second, func(d drawn) error {
		if d.Live != "polite" {
			return fmt.Errorf("what the cursor leads to is not read out: aria-live is %q", d.Live)
		}
		return nil
	})
	first := func() drawn {
		do(t, p.ctx, chromedp.KeyEvent(kb.Home))
		return p.eventually(t, 10*time.Second, func(d drawn) error { return nil })
	}()
	clock := func(seconds float64) string { return time.UnixMilli(int64(seconds * 1000)).Format(time.TimeOnly) }
	if back.Time == clock(back.Times[len(back.Times)-1]) || first.Time != clock(first.Times[0]) || !strings.Contains(first.Readout, first.Time) {
		t.Errorf("the cursor stands at %s, then at %s; the first reading is of %s: %s", back.Time, first.Time, clock(first.Times[0]), first.Readout)
	}
	do(t, p.ctx, chromedp.KeyEvent(kb.End))
	p.eventually(t, 10*time.Second, func(d drawn) error {
		if d.Live != "off" || !strings.Contains(d.Readout, "now") {
			return fmt.Errorf("the cursor does not follow the newest reading: %s", d.Readout)
		}
		return nil
	})
	tabTo(".numbers summary")
	do(t, p.ctx, chromedp.KeyEvent(kb.Enter))
	p.eventually(t, 10*time.Second, tableAgrees)
	do(t, p.ctx, chromedp.KeyEvent(kb.Enter))
}

// tableAgrees says how the table differs from the plots.
func tableAgrees(d drawn) error {
	if len(d.Numbers) != len(d.Times) {
		return fmt.Errorf("the table has %d rows, the plots %d readings", len(d.Numbers), len(d.Times))
	}
	for i, row := range d.Numbers {
		at := len(d.Times) - 1 - i // the newest row is the first
		value := "unknown"
		if d.Value[at] != nil {
			value = fmt.Sprint(*d.Value[at])
		}
		if got := strings.ReplaceAll(row[1], ",", ""); got != value && !strings.HasPrefix(got, value+": ") {
			return fmt.Errorf("the table has %s where the plot has %s", row[1], value)
		}
		for column, drawn := range map[int]*float64{3: d.Desired[at], 5: d.Ready[at]} {
			if drawn != nil && row[column] != fmt.Sprint(*drawn) || drawn == nil && !strings.HasPrefix(row[column], "unknown") {
				return fmt.Errorf("the table has %v where the plots have %v", row, drawn)
			}
		}
	}
	return nil
}
