package traffic

import (
	"fmt"
	"math"
	"time"
)

// Tolerances of a served number against the traffic that was sent: relative, and absolute for small rates.
const (
	Tolerance         = 0.05
	ToleranceRequests = 10.0
)

// Value is a number that the adapter served.
type Value struct {
	PerSecond float64
	At        time.Time     // whole seconds: the API's JSON has no finer ones
	Window    time.Duration // whole seconds as well
}

// resolution is how exactly the API states an instant and a window.
const resolution = time.Second

// Audit compares every served number with the traffic. Its zero value is ready for use.
type Audit struct {
	// Checked counts the numbers that could be compared.
	Checked int
	// Largest is how far the worst of them was off, as a share of what was sent.
	Largest float64
	// Wrong has a sentence for each that was off by more than the tolerance.
	Wrong []string

	last time.Time
}

// Check compares one number with the rates that were truly sent over all windows that agree with the instant and the
// window that it states. A number that was seen before, or whose window begins before the traffic, is not counted.
func (a *Audit) Check(v Value, sent *History) {
	if !v.At.After(a.last) {
		return
	}
	low, high := math.Inf(1), math.Inf(-1)
	const step = resolution / 10
	for end := v.At; end.Before(v.At.Add(resolution)); end = end.Add(step) {
		for window := v.Window - resolution; window <= v.Window+resolution; window += step {
			rate, ok := sent.Rate(end.Add(-window), end)
			if window <= 0 || !ok {
				return
			}
			low, high = min(low, rate), max(high, rate)
		}
	}
	a.last = v.At
	a.Checked++
	off := max(low-v.PerSecond, v.PerSecond-high, 0)
	if high > 0 {
		a.Largest = max(a.Largest, off/high)
	}
	if off > max(Tolerance*high, ToleranceRequests) {
		a.Wrong = append(a.Wrong, fmt.Sprintf("at %s the adapter served %.0f requests/s over %s, sent were %.0f to %.0f",
			v.At.Format(time.TimeOnly), v.PerSecond, v.Window, low, high))
	}
}
