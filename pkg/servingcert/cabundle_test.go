package servingcert

import (
	"errors"
	"maps"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"
)

func insecure(one *unstructured.Unstructured) *unstructured.Unstructured {
	_ = unstructured.SetNestedField(one.Object, true, "spec", "insecureSkipTLSVerify")
	return one
}

func local(one *unstructured.Unstructured) *unstructured.Unstructured {
	unstructured.RemoveNestedField(one.Object, "spec", "service")
	return one
}

func TestAPIServiceStates(t *testing.T) {
	tests := map[string]struct {
		existing *unstructured.Unstructured
		want     APIServiceState
	}{
		"own":               {apiService(v1beta1Name, testNamespace, testService), APIServiceOwn},
		"other Service":     {apiService(v1beta1Name, testNamespace, "prometheus-adapter"), APIServiceForeign},
		"other namespace":   {apiService(v1beta1Name, "monitoring", testService), APIServiceForeign},
		"without a Service": {local(apiService(v1beta1Name, "", "")), APIServiceForeign},
		"insecure":          {insecure(apiService(v1beta1Name, testNamespace, testService)), APIServiceInsecure},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCluster(t, test.existing, apiService(v1beta2Name, testNamespace, testService))
				before := c.apiService(v1beta1Name)
				m := c.manager()
				c.mustPass(m)
				want := map[string]APIServiceState{v1beta1Name: test.want, v1beta2Name: APIServiceOwn}
				if got := m.cfg.Registration.States(); !maps.Equal(got, want) {
					t.Errorf("got %v, want %v", got, want)
				}
				untouched := equality.Semantic.DeepEqual(before, c.apiService(v1beta1Name))
				if untouched != (test.want != APIServiceOwn) {
					t.Errorf("untouched is %t for state %s", untouched, test.want)
				}
			})
		})
	}
}

func TestMissingAPIServiceIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, apiService(v1beta1Name, testNamespace, testService))
		m := c.manager()
		defer start(t, m)()
		elapse(time.Minute)
		if got := m.cfg.Registration.States()[v1beta2Name]; got != APIServiceMissing {
			t.Errorf("state is %s, want Missing", got)
		}
		if err := c.dynamic.Tracker().Add(apiService(v1beta2Name, testNamespace, testService)); err != nil {
			t.Fatal(err)
		}
		elapse(2 * recheckInterval)
		if got := m.cfg.Registration.States()[v1beta2Name]; got != APIServiceOwn || authorities(c.caBundle(v1beta2Name)) != 1 {
			t.Errorf("state is %s with %d authorities, want Current with 1", got, authorities(c.caBundle(v1beta2Name)))
		}
	})
}

func TestUnchangedAPIServiceIsNotPatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, ownAPIServices()...)
		m := c.manager()
		c.mustPass(m)
		c.dynamic.ClearActions()
		c.mustPass(m)
		if got := verbs(c.dynamic.Actions()); len(got) != 1 || got[0] != "get" {
			t.Errorf("calls %v, want get only", got)
		}
	})
}

// TestPatchLosesToNewOwner lets an APIService be given to another Service between the read and the patch.
func TestPatchLosesToNewOwner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, ownAPIServices()...)
		var once sync.Once
		c.dynamic.PrependReactor("patch", "apiservices", func(clienttesting.Action) (bool, runtime.Object, error) {
			once.Do(func() {
				taken := apiService(v1beta1Name, "monitoring", "prometheus-adapter")
				taken.SetResourceVersion("1000")
				if err := c.dynamic.Tracker().Update(apiServiceResource, taken, ""); err != nil {
					t.Error(err)
				}
			})
			return false, nil, nil
		})
		m := c.manager()
		c.mustPass(m)
		if got := m.cfg.Registration.States()[v1beta1Name]; got != APIServiceForeign || len(c.caBundle(v1beta1Name)) != 0 {
			t.Errorf("state is %s with %d bytes of caBundle, want Foreign with none", got, len(c.caBundle(v1beta1Name)))
		}
	})
}

func TestOneAPIServiceThatFailsDoesNotKeepTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, ownAPIServices()...)
		c.dynamic.PrependReactor("get", "apiservices", func(action clienttesting.Action) (bool, runtime.Object, error) {
			refused := action.(clienttesting.GetAction).GetName() == v1beta1Name
			return refused, nil, apierrors.NewForbidden(apiServiceResource.GroupResource(), v1beta1Name, errors.New("no role"))
		})
		m := c.manager()
		if err := m.reconcile(t.Context()); !apierrors.IsForbidden(err) {
			t.Errorf("got %v, want Forbidden", err)
		}
		want := map[string]APIServiceState{v1beta1Name: APIServiceUnknown, v1beta2Name: APIServiceOwn}
		if got := m.cfg.Registration.States(); !maps.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		if servedLeaf(t, m) == nil {
			t.Error("nothing is served")
		}
	})
}

func port(one *unstructured.Unstructured, port int64) *unstructured.Unstructured {
	_ = unstructured.SetNestedField(one.Object, port, "spec", "service", "port")
	return one
}

func TestTakeFrom(t *testing.T) {
	const from = "monitoring/prometheus-adapter"
	taken := apiService(v1beta1Name, "monitoring", "prometheus-adapter")
	tests := map[string]struct {
		existing *unstructured.Unstructured
		unready  bool
		want     APIServiceState
	}{
		"from the delegate":               {taken, false, APIServiceOwn},
		"insecure, from the delegate":     {insecure(taken.DeepCopy()), false, APIServiceOwn},
		"before requests can be answered": {taken, true, APIServiceForeign},
		"from another Service":            {apiService(v1beta1Name, "monitoring", "datadog"), false, APIServiceForeign},
		"from another namespace":          {apiService(v1beta1Name, "other", "prometheus-adapter"), false, APIServiceForeign},
		"without a Service":               {local(apiService(v1beta1Name, "", "")), false, APIServiceForeign},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCluster(t, test.existing.DeepCopy(), apiService(v1beta2Name, testNamespace, testService))
				m := c.manager()
				m.cfg.Registration.TakeFrom(from, func() bool { return !test.unready })
				before := c.apiService(v1beta1Name)
				c.mustPass(m)
				if got := m.cfg.Registration.States()[v1beta1Name]; got != test.want || c.foreign[v1beta1Name] != (test.want == APIServiceForeign) {
					t.Errorf("state is %s, want %s", got, test.want)
				}
				after := c.apiService(v1beta1Name)
				if test.want == APIServiceForeign {
					if !equality.Semantic.DeepEqual(before, after) {
						t.Errorf("was %v, is %v", before, after)
					}
					return
				}
				service, _, _ := unstructured.NestedMap(after.Object, "spec", "service")
				_, insecure, _ := unstructured.NestedBool(after.Object, "spec", "insecureSkipTLSVerify")
				if service["namespace"] != testNamespace || service["name"] != testService || insecure || authorities(c.caBundle(v1beta1Name)) != 1 {
					t.Errorf("taken, it is %v", after.Object)
				}
			})
		})
	}
}

// TestTakenAtThePortThatItHad gives an APIService away after it has been looked
// at, and again.
func TestTakenAtThePortThatItHad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, port(apiService(v1beta1Name, testNamespace, testService), 8443))
		m := c.manager()
		m.cfg.Registration.TakeFrom("monitoring/prometheus-adapter", func() bool { return true })
		c.mustPass(m)
		for range 2 {
			given := port(apiService(v1beta1Name, "monitoring", "prometheus-adapter"), 6443)
			if err := c.dynamic.Tracker().Update(apiServiceResource, given, ""); err != nil {
				t.Fatal(err)
			}
			c.mustPass(m)
			if got, _, _ := unstructured.NestedInt64(c.apiService(v1beta1Name).Object, "spec", "service", "port"); got != 8443 {
				t.Errorf("port %d, want 8443", got)
			}
		}
	})
}
