package status

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// reachability judges the newest attempt.
func reachability(failed *failure, attempted bool) verdict {
	switch {
	case failed != nil:
		return verdict{metav1.ConditionFalse, failed.reason, "The last attempt to sample the server failed: " + failed.message + "." + failed.advice}
	case attempted:
		return verdict{metav1.ConditionTrue, reasonAnswered, "The last attempt to sample the server succeeded."}
	}
	return verdict{metav1.ConditionUnknown, reasonNotSampled, notSampledYet}
}
