package measure

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"
	"time"
)

// Figure is one thing that was measured.
type Figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	// Bound says on which side of Limit a value is good enough: "<=", ">=", or "" for both.
	Bound string  `json:"bound,omitempty"`
	Limit float64 `json:"limit,omitempty"`
	// Noise is by how much of Value it may differ from the truth, as this run itself measured.
	Noise float64 `json:"noise,omitempty"`
}

// AtMost sets the largest value that is good enough.
func (f *Figure) AtMost(limit float64) *Figure {
	f.Bound, f.Limit = "<=", limit
	return f
}

// AtLeast sets the smallest value that is good enough.
func (f *Figure) AtLeast(limit float64) *Figure {
	f.Bound, f.Limit = ">=", limit
	return f
}

func (f *Figure) missed() bool {
	switch f.Bound {
	case "<=":
		return f.Value > f.Limit*(1+f.Noise)
	case ">=":
		return f.Value*(1+f.Noise) < f.Limit
	}
	return false
}

// Table is all that was measured.
type Table struct{ Figures []*Figure }

// Add adds a figure without a limit.
func (t *Table) Add(name string, value float64, unit string) *Figure {
	f := &Figure{Name: name, Value: value, Unit: unit}
	t.Figures = append(t.Figures, f)
	return f
}

// Ratio adds the quotients of two series of turns.
func (t *Table) Ratio(name string, of, to []float64) *Figure {
	quotients := make([]float64, len(of))
	for i := range of {
		quotients[i] = of[i] / to[i]
	}
	return t.Typical(name, "x", quotients)
}

// Typical adds the median of some turns. Its noise is their median distance from it.
func (t *Table) Typical(name, unit string, turns []float64) *Figure {
	median := Percentile(turns, 50)
	f := t.Add(name, median, unit)
	distances := make([]float64, len(turns))
	for i, turn := range turns {
		distances[i] = math.Abs(turn - median)
	}
	if median != 0 {
		f.Noise = Percentile(distances, 50) / median
	}
	return f
}

// Print prints the figures under a title.
func (t *Table) Print(out io.Writer, title string) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "\n%s\tvalue\tunit\tlimit\tnoise\t\n", title)
	for _, f := range t.Figures {
		limit, verdict := "", ""
		if f.Bound != "" {
			limit, verdict = f.Bound+" "+number(f.Limit), "met"
		}
		if f.missed() {
			verdict = "MISSED"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%.0f %%\t%s\n", f.Name, number(f.Value), f.Unit, limit, 100*f.Noise, verdict)
	}
	_ = table.Flush()
}

// Missed returns a sentence about each figure past its limit.
func (t *Table) Missed() (sentences []string) {
	for _, f := range t.Figures {
		if f.missed() {
			sentences = append(sentences, fmt.Sprintf("%s: %s %s, want %s %s with a noise of %.0f %%",
				f.Name, number(f.Value), f.Unit, f.Bound, number(f.Limit), 100*f.Noise))
		}
	}
	return sentences
}

// number shows whole numbers whole, and others with four digits.
func number(value float64) string {
	if value == math.Trunc(value) || math.Abs(value) >= 1000 {
		return fmt.Sprintf("%.0f", value)
	}
	return fmt.Sprintf("%.4g", value)
}

// Milliseconds returns a span in milliseconds.
func Milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }

// Percentile returns the smallest value that so many per cent do not exceed, zero if there is none.
func Percentile[T cmp.Ordered](values []T, share float64) T {
	if len(values) == 0 {
		var zero T
		return zero
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(len(sorted)-1, int(float64(len(sorted))*share/100))]
}
