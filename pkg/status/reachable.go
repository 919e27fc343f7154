package status

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
)

// reachability says how the newest attempt ended.
func reachability(failed *reason.Error, attempted bool) verdict {
	switch {
	case failed != nil:
		return verdict{metav1.ConditionFalse, string(failed.Reason), explain("The last attempt to sample the server failed", failed)}
	case attempted:
		return verdict{metav1.ConditionTrue, reasonAnswered, "The last attempt to sample the server succeeded."}
	}
	return verdict{metav1.ConditionUnknown, reasonNotSampled, notSampledYet}
}
