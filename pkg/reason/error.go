// Package reason owns the reasons why an attempt to sample a target fails, and all that
// the adapter says about each: conditions, Events, errors of the metrics API and
// deploy/docs/troubleshooting.md take their texts from one table (messages.go).
//
// Errors of the network, of TLS and of servers flow in (Classify); an *Error flows out.
// Its text may be shown to anybody: it holds no address, no secret and nothing that a
// server said. All functions are safe for concurrent use.
package reason

import "strings"

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
}

// Explained returns an error whose message and advice say more than the table, such as
// which field of spec is wrong.
func Explained(reason Reason, message, advice string) *Error {
	return &Error{Reason: reason, message: message, advice: advice}
}

// AtSentinels returns the same failure as one of sentinels rather than servers.
func (e *Error) AtSentinels() *Error {
	message, advice := e.Error(), e.Advice()
	if e.Reason == PermissionDenied {
		message = "the ACL does not let this adapter call SENTINEL MASTER, SENTINEL GET-MASTER-ADDR-BY-NAME and CLIENT SETNAME"
		advice = "Allow the user +sentinel|master, +sentinel|get-master-addr-by-name and +client|setname at the sentinels."
	}
	fields := strings.NewReplacer("spec.auth", "spec.sentinel.auth", "spec.tls", "spec.sentinel.tls")
	return &Error{Reason: e.Reason, Cause: e.Cause, message: "at the sentinels: " + fields.Replace(message), advice: fields.Replace(advice)}
}

// OfCredentials reports whether other credentials or certificates may succeed.
func (e *Error) OfCredentials() bool { return find(e.Reason).credentials }

// Advice returns what to do. It is empty if the failure ends by itself.
func (e *Error) Advice() string {
	if e.message != "" {
		return e.advice
	}
	return find(e.Reason).advice
}

func (e *Error) Error() string {
	if e.message != "" {
		return e.message
	}
	return find(e.Reason).message
}
