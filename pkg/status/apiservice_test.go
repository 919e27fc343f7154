package status

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
)

func TestNobodyIsReadyWhileAnotherServiceIsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newFixture(t)
		r := w.add("r", "1")
		w.answer(r, newServer())
		<-time.After(5 * time.Second)
		w.answer(r, newServer())
		says := func(want string) *v1alpha1.RedisStatus {
			t.Helper()
			found := w.computed(r)
			if got := brief(found); got != want {
				t.Errorf("status says %q, want %q", got, want)
			}
			checkConditions(t, found)
			return found
		}
		says(ready)
		w.foreign = []string{"v1beta1.custom.metrics.k8s.io", "v1beta2.custom.metrics.k8s.io"}
		message := condition(says("Ready=False/APIServiceForeign Reachable=True/Answered"), v1alpha1.ConditionReady).Message
		if !strings.Contains(message, "the APIService v1beta1.custom.metrics.k8s.io and v1beta2.custom.metrics.k8s.io.") {
			t.Errorf("the message does not name the APIServices: %s", message)
		}
		w.fail(r, refused())
		<-time.After(time.Minute)
		says(down)
		w.foreign = nil
		says(down)
	})
}
