package verifier

import (
	"errors"
	"time"
)

// resolution is how exactly the API states instants and windows.
const resolution = time.Second

// RequestsPerSecond is the metric of requests that were sent.
const RequestsPerSecond = "requests-per-second"

// errLeftOut is that a list has no value of an object. It tells no reason.
var errLeftOut = errors.New("the list has no value of the object")

// Answer is what came of one question.
type Answer struct {
	Object, Metric, Selector string
	// Replica is the replica of the adapter that was asked itself. It is empty where the API server chose one.
	Replica string
	// Asked and Answered are the instants before and after.
	Asked, Answered time.Time
	// Value, At and Window are what the answer states, if Err is nil.
	Value  float64
	At     time.Time
	Window time.Duration
	// Err is why there is no value.
	Err error

	expected Expectation
}

func (a Answer) windowed() bool { return a.expected.Kind == Rate || a.expected.Kind == Spanned }

// taken is the span within which the sample was taken that a value comes from.
func (a Answer) taken() Span {
	return Span{a.At, a.At.Add(resolution)}
}

// counted is the span over which a rate was taken for certain: what rounding leaves open is not a part of it.
func (a Answer) counted() Span {
	return Span{a.At.Add(resolution + resolution/2 - a.Window), a.At}
}
