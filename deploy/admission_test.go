package deploy

import (
	"maps"
	"slices"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
)

// Policies of deploy/base.
const (
	secretsPolicy     = name + "-secrets"
	addressesPolicy   = name + "-addresses"
	scriptsPolicy     = name + "-scripts"
	clearTextPolicy   = name + "-clear-text"
	apiServicesPolicy = name + "-apiservices"
)

func TestPoliciesHoldInEveryNamespace(t *testing.T) {
	type enforcement struct {
		action  admissionv1.ValidationAction
		failure admissionv1.FailurePolicyType
	}
	refuses, warns := enforcement{admissionv1.Deny, admissionv1.Fail}, enforcement{admissionv1.Warn, admissionv1.Ignore}
	want := map[string]enforcement{
		secretsPolicy: refuses, addressesPolicy: refuses, scriptsPolicy: refuses, apiServicesPolicy: refuses, clearTextPolicy: warns,
	}
	policies, bindings := all[*admissionv1.ValidatingAdmissionPolicy](t, base), all[*admissionv1.ValidatingAdmissionPolicyBinding](t, base)
	if len(policies) != len(want) || len(bindings) != len(want) {
		t.Errorf("%d policies and %d bindings, want %d of each", len(policies), len(bindings), len(want))
	}
	for policyName, want := range want {
		policy, binding := policies[policyName], bindings[policyName]
		if policy == nil || binding == nil {
			t.Errorf("no policy or no binding %s", policyName)
			continue
		}
		if binding.Spec.PolicyName != policyName || binding.Spec.MatchResources != nil || binding.Spec.ParamRef != nil ||
			!slices.Equal(binding.Spec.ValidationActions, []admissionv1.ValidationAction{want.action}) {
			t.Errorf("the binding %+v does not %s by the policy %s all over the cluster", binding.Spec, want.action, policyName)
		}
		if failure := policy.Spec.FailurePolicy; failure == nil || *failure != want.failure {
			t.Errorf("failurePolicy of %s is %v, want %s", policyName, failure, want.failure)
		}
	}
}

func TestPoliciesJudgeEachChangeOfSpec(t *testing.T) {
	policies := all[*admissionv1.ValidatingAdmissionPolicy](t, base)
	for _, policyName := range []string{secretsPolicy, addressesPolicy, scriptsPolicy, clearTextPolicy} {
		spec := policies[policyName].Spec
		if rules := spec.MatchConstraints.ResourceRules; len(rules) != 1 {
			t.Errorf("%s has %d rules, want one", policyName, len(rules))
			continue
		}
		rule := spec.MatchConstraints.ResourceRules[0].RuleWithOperations
		if !slices.Equal(rule.APIGroups, []string{v1alpha1.GroupName}) || !slices.Equal(rule.APIVersions, []string{"*"}) ||
			!slices.Equal(rule.Resources, []string{v1alpha1.Resource}) ||
			!slices.Equal(rule.Operations, []admissionv1.OperationType{admissionv1.Create, admissionv1.Update}) {
			t.Errorf("%s is asked about %+v, want create and update of Redis objects without their status", policyName, rule)
		}
		const changes = "request.operation == 'CREATE' || object.spec != oldObject.spec"
		if conditions := spec.MatchConditions; len(conditions) != 1 || conditions[0].Expression != changes {
			t.Errorf("%s judges where %v, want where %s", policyName, conditions, changes)
		}
	}
}

// TestVerbsHaveARoleToGrantThem compares each verb that a policy asks for with
// the ClusterRole that its refusal names, and the component that gives it to
// whoever may edit.
func TestVerbsHaveARoleToGrantThem(t *testing.T) {
	policies, roles := all[*admissionv1.ValidatingAdmissionPolicy](t, base), all[*rbacv1.ClusterRole](t, base)
	for policyName, verb := range map[string]string{addressesPolicy: "connect-anywhere", scriptsPolicy: "run-scripts"} {
		validation := policies[policyName].Spec.Validations[0]
		if !strings.Contains(validation.Expression, ".check('"+verb+"').allowed()") {
			t.Errorf("%s does not ask for the verb %s: %s", policyName, verb, validation.Expression)
		}
		if want := "--clusterrole=" + name + "-" + verb + " "; !strings.Contains(validation.MessageExpression, want) {
			t.Errorf("%s does not print %s: %s", policyName, want, validation.MessageExpression)
		}
		rules := []rbacv1.PolicyRule{{APIGroups: []string{v1alpha1.GroupName}, Resources: []string{v1alpha1.Resource}, Verbs: []string{verb}}}
		alone, component := roles[name+"-"+verb], only[*rbacv1.ClusterRole](t, "components/"+verb)
		checkRules(t, alone.Name, alone.Rules, rules)
		checkRules(t, component.Name, component.Rules, rules)
		if len(alone.Labels) != 0 {
			t.Errorf("%s is part of other roles by %v", alone.Name, alone.Labels)
		}
		if component.Labels["rbac.authorization.k8s.io/aggregate-to-edit"] != "true" || component.Labels["rbac.authorization.k8s.io/aggregate-to-admin"] != "true" {
			t.Errorf("%s has the labels %v, want it to be part of edit and admin", component.Name, component.Labels)
		}
	}
}

// TestPolicyKnowsEveryAddress compares the policy with the schema: a new field
// that says where to connect must be judged too.
func TestPolicyKnowsEveryAddress(t *testing.T) {
	var expressions strings.Builder
	for _, variable := range all[*admissionv1.ValidatingAdmissionPolicy](t, base)[addressesPolicy].Spec.Variables {
		expressions.WriteString(strings.ReplaceAll(variable.Expression, "?", ""))
	}
	schema := only[*customResourceDefinition](t, base).Spec.Versions[0].Schema
	spec, _, _ := unstructured.NestedMap(schema["openAPIV3Schema"].(map[string]any), "properties", "spec")
	found := fieldsNamed(spec, "object.spec", func(field string) bool { return strings.HasPrefix(field, "address") })
	if len(found) < 3 {
		t.Errorf("the schema has the addresses %q, want those of spec, of its sentinels and of its cluster", found)
	}
	for _, field := range found {
		if !strings.Contains(expressions.String(), field) {
			t.Errorf("addresses.yaml does not judge %s", field)
		}
	}
}

// TestPolicyKnowsEverySecretReference compares the policy with the schema: a new field that names a Secret must not
// come without a validation of its own.
func TestPolicyKnowsEverySecretReference(t *testing.T) {
	policy := all[*admissionv1.ValidatingAdmissionPolicy](t, base)[secretsPolicy]
	var expressions, messages strings.Builder
	for _, variable := range policy.Spec.Variables {
		expressions.WriteString(variable.Expression + "\n")
	}
	for _, validation := range policy.Spec.Validations {
		messages.WriteString(validation.MessageExpression + "\n")
	}
	schema := only[*customResourceDefinition](t, base).Spec.Versions[0].Schema
	for _, field := range fieldsNamed(schema["openAPIV3Schema"].(map[string]any), "", isSecretReference) {
		path := strings.Split(strings.TrimPrefix(field, "spec."), ".")
		if want := "object.spec.?" + strings.Join(path, ".?") + ".?name.orValue('')\n"; !strings.Contains(expressions.String(), want) {
			t.Errorf("secrets.yaml has no variable %sfor %s", want, field)
		}
		if want := "'" + field + ".name is the Secret '"; !strings.Contains(messages.String(), want) {
			t.Errorf("secrets.yaml has no validation that says %s", want)
		}
	}
}

func TestFieldsOfASchemaAreFound(t *testing.T) {
	object := func(fields map[string]any) map[string]any { return map[string]any{"properties": fields} }
	schema := object(map[string]any{"spec": object(map[string]any{
		"address": map[string]any{"type": "string"},
		"auth":    object(map[string]any{"passwordSecretRef": object(nil)}),
		"nodes":   map[string]any{"items": object(map[string]any{"tls": object(map[string]any{"caSecretRef": object(nil)})})},
	})})
	want := []string{"spec.auth.passwordSecretRef", "spec.nodes.tls.caSecretRef"}
	if got := fieldsNamed(schema, "", isSecretReference); !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
}

// isSecretReference reports whether the name of a field says that it names a Secret.
func isSecretReference(field string) bool {
	return strings.HasSuffix(strings.ToLower(field), "secretref")
}

// fieldsNamed lists the paths of the fields below a schema that have a wanted
// name.
func fieldsNamed(schema map[string]any, path string, wanted func(field string) bool) []string {
	if items, ok, _ := unstructured.NestedMap(schema, "items"); ok {
		return fieldsNamed(items, path, wanted)
	}
	fields, _, _ := unstructured.NestedMap(schema, "properties")
	var found []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		below := strings.TrimPrefix(path+"."+name, ".")
		if wanted(name) {
			found = append(found, below)
			continue
		}
		found = append(found, fieldsNamed(fields[name].(map[string]any), below, wanted)...)
	}
	return found
}
