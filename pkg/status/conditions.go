package status

import (
	"errors"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// Reasons of conditions, beside those of failed attempts.
const (
	reasonSampled     = "Sampled"
	reasonAnswered    = "Answered"
	reasonNotSampled  = "NotSampled"
	reasonWarmingUp   = "WarmingUp"
	reasonSlowAnswers = "SlowAnswers"
	reasonStale       = "Stale"
	reasonFailed      = "SamplingFailed"
)

// verdict is a condition before it is known when it came about.
type verdict struct {
	status          metav1.ConditionStatus
	reason, message string
}

// failure is the newest attempt if it failed. Its advice is empty, or begins with a space.
type failure struct {
	reason, message, advice string
	// ofCredentials means that other credentials or certificates may succeed.
	ofCredentials bool
}

// explained is an error that says what to do about it. *sampler.Error implements it.
type explained interface {
	error
	// Advice returns what to do, empty if there is nothing to do.
	Advice() string
	// OfCredentials reports whether other credentials or certificates may succeed.
	OfCredentials() bool
}

// view is what a Series tells at one instant.
type view struct {
	ready, reachable verdict
	// failure is nil if the newest attempt succeeded, or none was made.
	failure *failure
	// attempted reports whether any attempt ended.
	attempted bool
	// expires is when the newest sample stops to be current, zero if it has, or there is none.
	expires time.Time
}

func look(t *target.Target, h *history.History, reasonOf func(error) string, now time.Time) view {
	v := view{failure: failureOf(h.Failure(), reasonOf)}
	_, sampled := h.Newest()
	v.attempted = sampled || v.failure != nil
	if sample, err := h.Latest(now); err == nil {
		v.expires = expiryOf(sample, t.MaxAge)
	}
	told := v.failure
	if told != nil && told.ofCredentials && t.Named() {
		// The advice may be long, and stands there.
		told = &failure{reason: told.reason, message: told.message, advice: " See condition CredentialsValid."}
	}
	v.ready = readyOf(h, told, reasonOf, now)
	v.reachable = reachableOf(told, v.attempted)
	return v
}

// expiryOf is when a sample stops to be current. At maxAge it is still, and not past it.
func expiryOf(sample history.Sample, maxAge time.Duration) time.Time {
	return sample.At.Add(maxAge + time.Millisecond)
}

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

// isReason reports whether the API server takes a text as the reason of a condition.
func isReason(text string) bool {
	for n, c := range text {
		letter := c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
		if !letter && (n == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return text != ""
}

// transitions remembers when this replica saw the conditions change, so that a
// write that waited its turn tells the true instant.
type transitions []transition

type transition struct {
	condition string
	status    metav1.ConditionStatus
	at        time.Time
}

func (x *transitions) note(condition string, status metav1.ConditionStatus, now time.Time) {
	for n := range *x {
		if one := &(*x)[n]; one.condition == condition {
			if one.status != status {
				one.status, one.at = status, now
			}
			return
		}
	}
	*x = append(*x, transition{condition, status, now})
}

// at returns when a condition was seen to change last.
func (x transitions) at(condition string) time.Time {
	for _, one := range x {
		if one.condition == condition {
			return one.at
		}
	}
	return time.Time{}
}

// condition makes a condition of a verdict. Its transition time is kept while its status is.
func (x transitions) condition(of namedVerdict, generation int64, before *v1alpha1.RedisStatus) metav1.Condition {
	c := metav1.Condition{
		Type: of.condition, Status: of.status, Reason: of.reason, Message: of.message,
		ObservedGeneration: generation, LastTransitionTime: second(x.at(of.condition)),
	}
	if old := meta.FindStatusCondition(before.Conditions, of.condition); old != nil && old.Status == of.status {
		c.LastTransitionTime = old.LastTransitionTime
	}
	return c
}
