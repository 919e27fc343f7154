package history

import (
	"fmt"
	"time"
)

// Reason says why a value is unknown.
type Reason string

const (
	// NoSample means that no sample has succeeded yet.
	NoSample Reason = "NoSample"
	// OneSample means that a rate needs two samples of one process of the server.
	OneSample Reason = "OneSample"
	// Anonymous means that the server does not identify its process, so a rate would
	// not show a restart.
	Anonymous Reason = "Anonymous"
	// ImpreciseTiming means that the server answered too slowly to know when it read its counters.
	ImpreciseTiming Reason = "ImpreciseTiming"
	// CounterReset means that a counter that a probe reads began again. Its rate needs two samples since.
	CounterReset Reason = "CounterReset"
	// Incomplete means that samples do not cover the whole window.
	Incomplete Reason = "Incomplete"
	// Stale means that the newest sample, or the newest pass over the keys, is older than MaxAge.
	Stale Reason = "Stale"
)

// UnknownError says why a value is unknown.
type UnknownError struct {
	Reason Reason
	// Failure is why the newest attempt to sample failed, nil if it succeeded.
	Failure error
	message string
}

func (e *UnknownError) Error() string {
	if e.Failure == nil {
		return e.message
	}
	return e.message + "; the last attempt failed: " + e.Failure.Error()
}

// Unwrap returns the failure of the newest attempt.
func (e *UnknownError) Unwrap() error { return e.Failure }

func (h *History) unknown(snap *snapshot, reason Reason, age time.Duration) *UnknownError {
	e := &UnknownError{Reason: reason, Failure: snap.failure}
	if newest, ok := snap.newest(); ok && (reason == OneSample || reason == Incomplete) {
		if err := newest.anonymous(); err != nil {
			e.Reason, e.message = Anonymous, err.Error()
			return e
		}
	}
	switch {
	case reason == Stale:
		e.message = fmt.Sprintf("the newest sample is %s old, more than maxAge %s",
			age.Round(100*time.Millisecond), h.policy.MaxAge)
	case reason == ImpreciseTiming:
		e.message = "the server answers too slowly to tell over what time its counters grew: the round trips are more than a tenth of it"
	case reason == CounterReset:
		e.message = "the counter fell, was unknown or was created again, and a rate needs two samples since"
	case reason == Incomplete:
		e.message = "samples do not cover all of the window yet, or one is missing in it"
	case reason == OneSample && snap.restart:
		e.message = "the server restarted, its role changed, its counters were reset or the clock jumped, and a rate needs two samples since"
	case reason == OneSample:
		e.message = "a rate needs two samples within the window"
	default:
		e.message = "no sample yet"
	}
	return e
}
