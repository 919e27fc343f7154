package status

import (
	"errors"
	"strings"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// failureOf returns an error in a form that may be shown, nil for nil.
func failureOf(err error) *reason.Error {
	if err == nil {
		return nil
	}
	if known, ok := errors.AsType[*reason.Error](err); ok {
		return known
	}
	return reason.Explained(reasonFailed, "the cause cannot be shown here", "")
}

// explain says what failed, why, and what to do about it.
func explain(what string, failed *reason.Error) string {
	return strings.TrimSpace(what + ": " + failed.Error() + ". " + failed.Advice())
}

// pointingElsewhere leaves the advice, which may be long, to condition CredentialsValid
// if the object has it.
func pointingElsewhere(failed *reason.Error, t *target.Target) *reason.Error {
	if failed == nil || !t.Named() || !failed.OfCredentials() {
		return failed
	}
	return reason.Explained(failed.Reason, failed.Error(), "See condition CredentialsValid.")
}
