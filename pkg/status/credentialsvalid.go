package status

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// reasonAccepted is the reason of condition CredentialsValid while it is True.
const reasonAccepted = "Accepted"

// credentialsValid reports whether the servers and sentinels accept what auth and
// tls name, as it is now. It returns false for an object that has neither.
func credentialsValid(t *target.Target, h *history.History, v view, reasonOf func(error) string) (verdict, bool) {
	if !t.Named() {
		return verdict{}, false
	}
	sample, _ := h.Newest()
	renewal := failureOf(sample.NotRenewed(), reasonOf)
	switch {
	case v.failure != nil && v.failure.ofCredentials:
		return verdict{metav1.ConditionFalse, v.failure.reason,
			"Redis cannot be sampled: " + v.failure.message + "." + v.failure.advice}, true
	case v.failure != nil:
		return verdict{metav1.ConditionUnknown, v.failure.reason, "The last attempt to sample failed for another cause: see Reachable."}, true
	case !v.attempted:
		return verdict{metav1.ConditionUnknown, reasonNotSampled, "No attempt to sample the server has ended yet."}, true
	case renewal == nil:
		return verdict{metav1.ConditionTrue, reasonAccepted, "The credentials and certificates that the object names are accepted."}, true
	}
	told := verdict{metav1.ConditionUnknown, renewal.reason,
		"The connection made with the previous credentials is used until the new ones work: " + renewal.message + "." + renewal.advice}
	if renewal.ofCredentials {
		told.status = metav1.ConditionFalse
	}
	return told, true
}
