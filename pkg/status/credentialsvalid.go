package status

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
)

// reasonAccepted is the reason of condition CredentialsValid while it is True.
const reasonAccepted = "Accepted"

// credentialsValid decides whether servers and sentinels accept the current credentials
// and certificates in spec.
func credentialsValid(h *history.History, failed *reason.Error, attempted bool) verdict {
	sample, _ := h.Newest()
	renewal := failureOf(sample.NotRenewed())
	switch {
	case failed != nil && failed.OfCredentials():
		return verdict{metav1.ConditionFalse, string(failed.Reason), explain("The server cannot be sampled", failed)}
	case failed != nil:
		return verdict{metav1.ConditionUnknown, string(failed.Reason), "The last attempt to sample the server failed for another reason: see condition Reachable."}
	case !attempted:
		return verdict{metav1.ConditionUnknown, reasonNotSampled, notSampledYet}
	case renewal == nil:
		return verdict{metav1.ConditionTrue, reasonAccepted, "The credentials and certificates in spec are accepted."}
	}
	told := verdict{metav1.ConditionUnknown, string(renewal.Reason),
		explain("The connection made with the previous credentials is used until the new ones work", renewal)}
	if renewal.OfCredentials() {
		told.status = metav1.ConditionFalse
	}
	return told
}
