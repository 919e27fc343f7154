package ledger

import (
	"time"
)

// resolution is how exactly the API states instants and windows.
const resolution = time.Second

// RequestsPerSecond is the metric that is held against the requests that were sent. All others are levels.
const RequestsPerSecond = "requests-per-second"

func isRate(metric string) bool { return metric == RequestsPerSecond }

// Answer is what came of one question.
type Answer struct {
	Object, Metric string
	// Asked and Answered are the instants before and after.
	Asked, Answered time.Time
	// Value, At and Window are what the answer states, if Err is nil.
	Value  float64
	At     time.Time
	Window time.Duration
	// Err is why there is no value.
	Err error
}

// taken is the span within which the sample was taken that a value comes from.
func (a Answer) taken() Span {
	return Span{a.At, a.At.Add(resolution)}
}

// counted is the span over which a rate was taken for certain: what rounding leaves open is no part of it.
func (a Answer) counted() Span {
	return Span{a.At.Add(resolution + resolution/2 - a.Window), a.At}
}
