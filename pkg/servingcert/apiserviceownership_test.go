package servingcert

import (
	"maps"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"
)

func TestRegistrationLooksAndWritesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, apiService(v1beta1Name, "monitoring", "prometheus-adapter"), apiService(v1beta2Name, testNamespace, testService))
		r := c.registration(v1beta1Name, v1beta2Name, "v1.missing.example")
		if err := r.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := map[string]APIServiceState{
			v1beta1Name: APIServiceForeign, v1beta2Name: APIServiceOwn, "v1.missing.example": APIServiceMissing,
		}
		if got := r.States(); !maps.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		if got := r.Foreign(); !slices.Equal(got, []string{v1beta1Name}) {
			t.Errorf("foreign are %v, want %s", got, v1beta1Name)
		}
		if got := verbs(c.dynamic.Actions()); !slices.Equal(got, []string{"get"}) {
			t.Errorf("calls %v, want get only", got)
		}
		if !c.foreign[v1beta1Name] || c.foreign[v1beta2Name] {
			t.Errorf("the Observer heard %v", c.foreign)
		}
	})
}

func TestRegistrationFollowsAChangeOfOwner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, ownAPIServices()...)
		var away atomic.Bool
		c.dynamic.PrependReactor("get", "apiservices", func(clienttesting.Action) (bool, runtime.Object, error) {
			return away.Load(), nil, apierrors.NewServiceUnavailable("away")
		})
		r := c.registration(v1beta1Name, v1beta2Name)
		go r.Run(t.Context())
		elapse(time.Second)
		if got := r.Foreign(); len(got) != 0 {
			t.Errorf("foreign are %v, want none", got)
		}
		if err := c.dynamic.Tracker().Update(apiServiceResource, apiService(v1beta2Name, "monitoring", "prometheus-adapter"), ""); err != nil {
			t.Fatal(err)
		}
		elapse(2 * recheckInterval)
		away.Store(true)
		elapse(2 * recheckInterval)
		if got := r.States()[v1beta2Name]; got != APIServiceUnknown {
			t.Errorf("state is %s while it cannot be read, want Unknown", got)
		}
		if got := r.Foreign(); !slices.Equal(got, []string{v1beta2Name}) {
			t.Errorf("foreign are %v, want %s", got, v1beta2Name)
		}
		if got := verbs(c.dynamic.Actions()); !slices.Equal(got, []string{"get"}) {
			t.Errorf("calls %v, want get only", got)
		}
	})
}
