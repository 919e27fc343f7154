package deploy

import (
	"maps"
	"slices"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
)

func TestPolicyHoldsForEveryRedis(t *testing.T) {
	policy, binding := only[*admissionv1.ValidatingAdmissionPolicy](t, base), only[*admissionv1.ValidatingAdmissionPolicyBinding](t, base)
	if binding.Spec.PolicyName != policy.Name || binding.Spec.MatchResources != nil || binding.Spec.ParamRef != nil ||
		!slices.Equal(binding.Spec.ValidationActions, []admissionv1.ValidationAction{admissionv1.Deny}) {
		t.Errorf("the binding %+v does not deny what the policy %s refuses, all over the cluster", binding.Spec, policy.Name)
	}
	if fail := policy.Spec.FailurePolicy; fail == nil || *fail != admissionv1.Fail {
		t.Errorf("failurePolicy is %v: what cannot be judged is let through", fail)
	}
	rules := policy.Spec.MatchConstraints.ResourceRules
	if len(rules) != 1 {
		t.Fatalf("%d rules, want one", len(rules))
	}
	rule := rules[0].RuleWithOperations
	if !slices.Equal(rule.APIGroups, []string{v1alpha1.GroupName}) || !slices.Equal(rule.APIVersions, []string{"*"}) ||
		!slices.Equal(rule.Resources, []string{v1alpha1.Resource}) ||
		!slices.Equal(rule.Operations, []admissionv1.OperationType{admissionv1.Create, admissionv1.Update}) {
		t.Errorf("the policy is asked about %+v, want create and update of Redis objects without their status", rule)
	}
}

// TestPolicyKnowsEverySecretReference holds the policy against the schema: a new field that names a Secret must not
// come without a validation of its own.
func TestPolicyKnowsEverySecretReference(t *testing.T) {
	policy := only[*admissionv1.ValidatingAdmissionPolicy](t, base)
	var expressions, messages strings.Builder
	for _, variable := range policy.Spec.Variables {
		expressions.WriteString(variable.Expression + "\n")
	}
	for _, validation := range policy.Spec.Validations {
		messages.WriteString(validation.MessageExpression + "\n")
	}
	schema := only[*customResourceDefinition](t, base).Spec.Versions[0].Schema
	for _, field := range secretReferences(schema["openAPIV3Schema"].(map[string]any), "") {
		path := strings.Split(strings.TrimPrefix(field, "spec."), ".")
		if want := "object.spec.?" + strings.Join(path, ".?") + ".?name.orValue('')\n"; !strings.Contains(expressions.String(), want) {
			t.Errorf("admission.yaml has no variable %sfor %s", want, field)
		}
		if want := "'" + field + ".name is the Secret '"; !strings.Contains(messages.String(), want) {
			t.Errorf("admission.yaml has no validation that says %s", want)
		}
	}
}

func TestSecretReferencesOfASchemaAreFound(t *testing.T) {
	object := func(fields map[string]any) map[string]any { return map[string]any{"properties": fields} }
	schema := object(map[string]any{"spec": object(map[string]any{
		"address": map[string]any{"type": "string"},
		"auth":    object(map[string]any{"passwordSecretRef": object(nil)}),
		"nodes":   map[string]any{"items": object(map[string]any{"tls": object(map[string]any{"caSecretRef": object(nil)})})},
	})})
	want := []string{"spec.auth.passwordSecretRef", "spec.nodes.tls.caSecretRef"}
	if got := secretReferences(schema, ""); !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
}

// secretReferences lists the fields below a schema whose name says that they name a Secret.
func secretReferences(schema map[string]any, path string) []string {
	if items, ok, _ := unstructured.NestedMap(schema, "items"); ok {
		return secretReferences(items, path)
	}
	fields, _, _ := unstructured.NestedMap(schema, "properties")
	var found []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		below := strings.TrimPrefix(path+"."+name, ".")
		if strings.HasSuffix(strings.ToLower(name), "secretref") {
			found = append(found, below)
			continue
		}
		found = append(found, secretReferences(fields[name].(map[string]any), below)...)
	}
	return found
}
