package verifier

import "time"

// Bounds returns the least and the largest value that may be true of a window.
type Bounds func(w *Window) (least, largest float64)

// Window is a time within which, or over which, a number was taken.
type Window struct {
	Span
	truth *Truth
	// edge is how far off either end may be.
	edge time.Duration
	// unknown means that something that was asked is unknown.
	unknown bool
}

// Seconds returns its length.
func (w *Window) Seconds() float64 { return w.To.Sub(w.From).Seconds() }

// Count returns the fewest and the most events of a kind that there may have been.
func (w *Window) Count(kind Event) (fewest, most float64) {
	low, _, _ := w.truth.counts.count(kind, w.From.Add(w.edge), w.To.Add(-w.edge)) // known if the wider span is
	_, high, known := w.truth.counts.count(kind, w.From.Add(-w.edge), w.To.Add(w.edge))
	w.unknown = w.unknown || !known || w.truth.inBreak(w.From)
	return float64(low), float64(high)
}

// Level returns the least and the largest value that a level may have had.
func (w *Window) Level(name string) (least, largest float64) {
	least, largest, known := w.truth.level(name, w.From, w.To)
	w.unknown = w.unknown || !known
	return least, largest
}

func rate(kind Event) Bounds {
	return func(w *Window) (least, largest float64) {
		fewest, most := w.Count(kind)
		return fewest / w.Seconds(), most / w.Seconds()
	}
}

func held(name string) Bounds {
	return func(w *Window) (least, largest float64) { return w.Level(name) }
}

func exactly(value float64) Bounds { return between(value, value) }

func between(low, high float64) Bounds {
	return func(*Window) (least, largest float64) { return low, high }
}

func plus(of Bounds, low, high float64) Bounds {
	return func(w *Window) (least, largest float64) {
		least, largest = of(w)
		return least + low, largest + high
	}
}

func times(factor float64, of Bounds) Bounds {
	return func(w *Window) (least, largest float64) {
		least, largest = of(w)
		return factor * least, factor * largest
	}
}

// product bounds the product of two numbers that are not negative.
func product(of, by Bounds) Bounds {
	return combined(of, by, func(least, largest, low, high float64) (float64, float64) { return least * low, largest * high })
}

// combined bounds a combination of two numbers.
func combined(a, b Bounds, by func(least, largest, low, high float64) (float64, float64)) Bounds {
	return func(w *Window) (float64, float64) {
		least, largest := a(w)
		low, high := b(w)
		return by(least, largest, low, high)
	}
}

// quotient bounds one number by another, which may not be 0.
func quotient(of, by Bounds) Bounds {
	return func(w *Window) (least, largest float64) {
		least, largest = of(w)
		low, high := by(w)
		if low <= 0 {
			w.unknown = true
			return 0, 0
		}
		return least / high, largest / low
	}
}

// age bounds how long ago the instant in a level was, which stamp made.
func age(name string) Bounds {
	return func(w *Window) (least, largest float64) {
		first, last := w.Level(name)
		return stamp(w.From) - last, stamp(w.To) - first
	}
}

// stamp returns an instant as a level, in seconds.
func stamp(at time.Time) float64 { return float64(at.UnixNano()) / float64(time.Second) }

// sum bounds the sum of two numbers, and difference the rest of one without the other, which is a part of it.
func sum(a, b Bounds) Bounds {
	return combined(a, b, func(least, largest, low, high float64) (float64, float64) { return least + low, largest + high })
}

func difference(a, b Bounds) Bounds {
	return combined(a, b, func(least, largest, low, high float64) (float64, float64) { return max(0, least-high), largest - low })
}
