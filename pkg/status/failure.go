package status

import (
	"errors"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// failure is why the newest attempt failed. Its advice is empty, or begins with a space.
type failure struct {
	reason, message, advice string
	// ofCredentials means that other credentials or certificates may succeed.
	ofCredentials bool
}

// explained is an error that says what to do about it. *reason.Error implements it.
type explained interface {
	error
	// Advice returns what to do, empty if there is nothing to do.
	Advice() string
	// OfCredentials reports whether other credentials or certificates may succeed.
	OfCredentials() bool
}

// failureOf returns what may be shown of an error, nil for nil.
func failureOf(err error, reasonOf func(error) string) *failure {
	if err == nil {
		return nil
	}
	reason := reasonOf(err)
	if !isReason(reason) {
		return &failure{reason: reasonFailed, message: "the cause cannot be shown here"}
	}
	f := &failure{reason: reason, message: err.Error()}
	var known explained
	if errors.As(err, &known) {
		f.ofCredentials = known.OfCredentials()
		if advice := known.Advice(); advice != "" {
			f.advice = " " + advice
		}
	}
	return f
}

// isReason reports whether the API server accepts a text as the reason of a condition.
func isReason(text string) bool {
	for i, c := range text {
		letter := c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return text != ""
}

// pointingElsewhere leaves the advice, which may be long, to condition CredentialsValid
// where the object has one.
func (f *failure) pointingElsewhere(t *target.Target) *failure {
	if f == nil || !f.ofCredentials || !t.Named() {
		return f
	}
	return &failure{reason: f.reason, message: f.message, advice: " See condition CredentialsValid."}
}
