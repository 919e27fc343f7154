package admissionpolicy

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

const policyName = "redis-metrics-adapter-secrets"

// heard keeps what an Observer was told.
type heard map[string]bool

func (h heard) PolicyEnforced(policy string, enforced bool) { h[policy] = enforced }

func policy() *admissionv1.ValidatingAdmissionPolicy {
	fail := admissionv1.Fail
	return &admissionv1.ValidatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: policyName},
		Spec: admissionv1.ValidatingAdmissionPolicySpec{
			FailurePolicy: &fail,
			Validations:   []admissionv1.Validation{{Expression: "true"}},
			// With the selectors that the API server fills in.
			MatchConstraints: &admissionv1.MatchResources{
				NamespaceSelector: &metav1.LabelSelector{}, ObjectSelector: &metav1.LabelSelector{},
				ResourceRules: []admissionv1.NamedRuleWithOperations{{RuleWithOperations: admissionv1.RuleWithOperations{
					Operations: []admissionv1.OperationType{admissionv1.Create, admissionv1.Update},
					Rule:       admissionv1.Rule{APIGroups: []string{"redis-metrics.dev"}, APIVersions: []string{"*"}, Resources: []string{"redises"}},
				}}},
			},
		},
	}
}

func binding() *admissionv1.ValidatingAdmissionPolicyBinding {
	return &admissionv1.ValidatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: policyName},
		Spec: admissionv1.ValidatingAdmissionPolicyBindingSpec{
			PolicyName: policyName, ValidationActions: []admissionv1.ValidationAction{admissionv1.Deny},
		},
	}
}

func TestEnforcement(t *testing.T) {
	some := &metav1.LabelSelector{MatchLabels: map[string]string{"a": "b"}}
	for name, test := range map[string]struct {
		change func(*admissionv1.ValidatingAdmissionPolicy, *admissionv1.ValidatingAdmissionPolicyBinding)
		fault  string
	}{
		"as in the manifests": {func(*admissionv1.ValidatingAdmissionPolicy, *admissionv1.ValidatingAdmissionPolicyBinding) {}, ""},
		"also audits": {func(_ *admissionv1.ValidatingAdmissionPolicy, b *admissionv1.ValidatingAdmissionPolicyBinding) {
			b.Spec.ValidationActions = append(b.Spec.ValidationActions, admissionv1.Audit)
		}, ""},
		"warns": {func(_ *admissionv1.ValidatingAdmissionPolicy, b *admissionv1.ValidatingAdmissionPolicyBinding) {
			b.Spec.ValidationActions = []admissionv1.ValidationAction{admissionv1.Warn}
		}, "no Deny"},
		"of another policy": {func(_ *admissionv1.ValidatingAdmissionPolicy, b *admissionv1.ValidatingAdmissionPolicyBinding) {
			b.Spec.PolicyName = "another"
		}, "spec.policyName"},
		"for some namespaces": {func(_ *admissionv1.ValidatingAdmissionPolicy, b *admissionv1.ValidatingAdmissionPolicyBinding) {
			b.Spec.MatchResources = &admissionv1.MatchResources{NamespaceSelector: some}
		}, "the binding's spec.matchResources"},
		"ignores failures": {func(p *admissionv1.ValidatingAdmissionPolicy, _ *admissionv1.ValidatingAdmissionPolicyBinding) {
			*p.Spec.FailurePolicy = admissionv1.Ignore
		}, "spec.failurePolicy Ignore"},
		"validates nothing": {func(p *admissionv1.ValidatingAdmissionPolicy, _ *admissionv1.ValidatingAdmissionPolicyBinding) {
			p.Spec.Validations = nil
		}, "no spec.validations"},
		"on create alone": {func(p *admissionv1.ValidatingAdmissionPolicy, _ *admissionv1.ValidatingAdmissionPolicyBinding) {
			p.Spec.MatchConstraints.ResourceRules[0].Operations = []admissionv1.OperationType{admissionv1.Create}
		}, "creating and updating redises"},
		"for some objects": {func(p *admissionv1.ValidatingAdmissionPolicy, _ *admissionv1.ValidatingAdmissionPolicyBinding) {
			p.Spec.MatchConstraints.ObjectSelector = some
		}, "leave out some objects"},
	} {
		t.Run(name, func(t *testing.T) {
			p, b := policy(), binding()
			test.change(p, b)
			switch fault := errors.Join(policyFault(p), bindingFault(p, b)); {
			case test.fault == "" && fault != nil:
				t.Errorf("not enforced: %v", fault)
			case test.fault != "" && (fault == nil || !strings.Contains(fault.Error(), test.fault)):
				t.Errorf("fault %v, want %q", fault, test.fault)
			}
		})
	}
}

// elapse lets more than the longest time between two reads pass.
func elapse() {
	<-time.After(2 * period)
	synctest.Wait()
}

// TestChangesAreSeen deletes and makes a binding while a Guard runs, and has the
// API server not answer for a while.
func TestChangesAreSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := fake.NewClientset(policy(), binding())
		bindings := client.AdmissionregistrationV1().ValidatingAdmissionPolicyBindings()
		observed := heard{}
		g := New(Config{Client: client.AdmissionregistrationV1(), Observer: observed, Policies: []string{policyName}})
		want := func(enforced bool, when string) {
			t.Helper()
			if told, any := observed[policyName]; any && told != enforced {
				t.Errorf("%s the Observer was told %t, want %t", when, told, enforced)
			}
			if got := g.Enforced(policyName); got != enforced {
				t.Errorf("%s the policy is enforced: %t, want %t", when, got, enforced)
			}
		}
		want(false, "before the first read")
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go g.Run(ctx)
		synctest.Wait()
		want(true, "at first")
		if err := bindings.Delete(ctx, policyName, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		elapse()
		want(false, "without its binding")
		var away atomic.Bool
		away.Store(true)
		client.PrependReactor("get", "*", func(clienttesting.Action) (bool, runtime.Object, error) {
			return away.Load(), nil, errors.New("no answer")
		})
		if _, err := bindings.Create(ctx, binding(), metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		elapse()
		want(false, "without an answer")
		away.Store(false)
		elapse()
		want(true, "with its binding")
		away.Store(true)
		elapse()
		want(true, "without an answer")
	})
}
