package verifier

import (
	"errors"
	"time"
)

// resolution is the precision of instants and windows in the API.
const resolution = time.Second

// RequestsPerSecond is the metric of requests that were sent.
const RequestsPerSecond = "requests-per-second"

// errLeftOut means that a list has no value of an object. A list gives no reason.
var errLeftOut = errors.New("the list has no value of the object")

// Answer is the answer to one question.
type Answer struct {
	Object, Metric, Selector string
	// Replica is the replica of the adapter that was asked directly, empty if the API server chose one.
	Replica string
	// Asked and Answered are the instants before and after.
	Asked, Answered time.Time
	// Value, At and Window are in the answer, if Err is nil.
	Value  float64
	At     time.Time
	Window time.Duration
	// Err is why there is no value.
	Err error

	expected Expectation
}

func (a Answer) windowed() bool { return a.expected.Kind == Rate || a.expected.Kind == Spanned }

// taken returns the span within which the sample of a value was taken.
func (a Answer) taken() Span {
	return Span{a.At, a.At.Add(resolution)}
}

// counted returns the span that certainly belongs to a rate, without what rounding leaves open.
func (a Answer) counted() Span {
	return Span{a.At.Add(resolution + resolution/2 - a.Window), a.At}
}
