package status

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// reasonForeign is the reason of Ready where the API server asks another for the metrics.
const reasonForeign = "APIServiceForeign"

// routed says of an object that would be ready whether requests come here at all.
func routed(ready verdict, foreign []string) verdict {
	if ready.status != metav1.ConditionTrue || len(foreign) == 0 {
		return ready
	}
	return verdict{metav1.ConditionFalse, reasonForeign,
		"Redis is sampled, but the API server asks another Service for its metrics: see spec.service of the APIService " + strings.Join(foreign, " and ") +
			". Only one adapter can serve an API version: remove one of the two."}
}
