// Package reason owns the reasons why an attempt to sample a target fails, and all that
// the adapter says of each: conditions, Events, errors of the metrics API and
// deploy/docs/troubleshooting.md take their texts from one table (reasons.go).
//
// Errors of the network, of TLS and of servers flow in (Classify); an *Error flows out.
// Its text may be shown to anybody: it holds no address, no secret and nothing that a
// server said. All functions are safe for concurrent use.
package reason

import "errors"

// Reason is why an attempt failed. The set is small, so that a reason can label
// metrics and stand in conditions.
type Reason string

// Error says why an attempt to sample failed.
type Error struct {
	Reason Reason
	// Cause must not be shown: it may hold an address, or what a server said.
	Cause error
	// message and advice replace those of the table, unless message is empty.
	message, advice string
	atSentinels     bool
}

// Explained returns an error with a message and an advice that say more than the
// table, such as which field of spec is wrong.
func Explained(reason Reason, message, advice string) *Error {
	return &Error{Reason: reason, message: message, advice: advice}
}

// AtSentinels returns the same failure, of sentinels and not of the servers.
func (e *Error) AtSentinels() *Error {
	failed := *e
	failed.atSentinels = true
	return &failed
}

// OfCredentials reports whether other credentials or certificates may succeed.
func (e *Error) OfCredentials() bool { return e.row().credentials }

// Advice returns what to do. It is empty if the failure ends by itself.
func (e *Error) Advice() string { return e.row().advice }

func (e *Error) Error() string { return e.row().message }

func (e *Error) row() row {
	found := find(e.Reason)
	if e.message != "" {
		found.message, found.advice = e.message, e.advice
	}
	if e.atSentinels {
		return found.atSentinels()
	}
	return found
}

// Of returns the reason of an error, empty if it is not an *Error.
func Of(err error) Reason {
	var known *Error
	if errors.As(err, &known) {
		return known.Reason
	}
	return ""
}
