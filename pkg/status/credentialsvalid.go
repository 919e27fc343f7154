package status

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
)

// reasonAccepted is the reason of condition CredentialsValid while it is True.
const reasonAccepted = "Accepted"

// credentialsValid judges whether servers and sentinels accept the credentials and
// certificates in spec as they are now.
func credentialsValid(h *history.History, failed *failure, attempted bool, reasonOf func(error) string) verdict {
	sample, _ := h.Newest()
	renewal := failureOf(sample.NotRenewed(), reasonOf)
	switch {
	case failed != nil && failed.ofCredentials:
		return verdict{metav1.ConditionFalse, failed.reason, "The server cannot be sampled: " + failed.message + "." + failed.advice}
	case failed != nil:
		return verdict{metav1.ConditionUnknown, failed.reason, "The last attempt to sample the server failed for another reason: see condition Reachable."}
	case !attempted:
		return verdict{metav1.ConditionUnknown, reasonNotSampled, notSampledYet}
	case renewal == nil:
		return verdict{metav1.ConditionTrue, reasonAccepted, "The credentials and certificates in spec are accepted."}
	}
	told := verdict{metav1.ConditionUnknown, renewal.reason,
		"The connection made with the previous credentials is used until the new ones work: " + renewal.message + "." + renewal.advice}
	if renewal.ofCredentials {
		told.status = metav1.ConditionFalse
	}
	return told
}
