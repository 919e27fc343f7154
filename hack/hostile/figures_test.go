package hostile

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"sync"
	"text/tabwriter"
	"time"
)

type figure struct {
	name  string
	value float64
	unit  string
	// limit is empty for a figure that may be anything.
	limit string
	met   bool
}

// table is all that was measured.
type table struct{ figures []figure }

func (t *table) report(name string, value float64, unit string) {
	t.figures = append(t.figures, figure{name: name, value: value, unit: unit, met: true})
}

func (t *table) below(name string, value float64, unit string, limit float64) {
	t.figures = append(t.figures, figure{name, value, unit, "< " + number(limit), value < limit})
}

func (t *table) atMost(name string, value float64, unit string, limit float64) {
	t.figures = append(t.figures, figure{name, value, unit, "<= " + number(limit), value <= limit})
}

func (t *table) atLeast(name string, value float64, unit string, limit float64) {
	t.figures = append(t.figures, figure{name, value, unit, ">= " + number(limit), value >= limit})
}

func (t *table) print(out io.Writer) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\nbeside the attack\tvalue\tunit\tlimit\t\n")
	for _, f := range t.figures {
		verdict := ""
		switch {
		case !f.met:
			verdict = "MISSED"
		case f.limit != "":
			verdict = "met"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", f.name, number(f.value), f.unit, f.limit, verdict)
	}
	_ = w.Flush()
}

func (t *table) missed() (sentences []string) {
	for _, f := range t.figures {
		if !f.met {
			sentences = append(sentences, fmt.Sprintf("%s: %s %s, want %s", f.name, number(f.value), f.unit, f.limit))
		}
	}
	return sentences
}

// number shows whole numbers whole, and others with three digits.
func number(value float64) string {
	if value == math.Trunc(value) || math.Abs(value) >= 1000 {
		return fmt.Sprintf("%.0f", value)
	}
	return fmt.Sprintf("%.3g", value)
}

// quantile returns the smallest of some spans that so many per cent of them do not exceed.
func quantile(spans []time.Duration, share int) time.Duration {
	if len(spans) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(spans))
	return sorted[min(len(sorted)-1, len(sorted)*share/100)]
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// tally counts what the attackers did. It is safe for concurrent use.
type tally struct {
	mu     sync.Mutex
	counts map[string]int
	// wrong are sentences about what should have been otherwise.
	wrong []string
}

// expect names something that an attacker does, which has to be done at least once.
func (c *tally) expect(names ...string) {
	for _, name := range names {
		c.count(name, 0)
	}
}

func (c *tally) count(name string, times int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts = map[string]int{}
	}
	c.counts[name] += times
}

// violate notes what should have been otherwise, such as an attempt that was not refused.
func (c *tally) violate(sentence string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.wrong) < shown {
		c.wrong = append(c.wrong, sentence)
	}
}

func (c *tally) print(out io.Writer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\nthe attack\ttimes\n")
	for _, name := range slices.Sorted(maps.Keys(c.counts)) {
		fmt.Fprintf(w, "%s\t%d\n", name, c.counts[name])
	}
	_ = w.Flush()
}

// violations names the attacks that did nothing, and what should have been otherwise.
func (c *tally) violations() (sentences []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, count := range c.counts {
		if count == 0 {
			sentences = append(sentences, "the attack did nothing: "+name)
		}
	}
	return append(sentences, c.wrong...)
}
