package deploy

import (
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
)

// deploymentPatch returns what a component merges into the Deployment.
func deploymentPatch(t *testing.T, component string) *appsv1.Deployment {
	t.Helper()
	for _, patch := range componentOf(t, component).Patches {
		if patch.Target.Kind != "Deployment" || !strings.HasPrefix(patch.Patch, "apiVersion:") {
			continue
		}
		object, err := decode([]byte(patch.Patch))
		if err != nil {
			t.Fatalf("%s: %v", component, err)
		}
		return object.(*appsv1.Deployment)
	}
	t.Fatalf("%s merges nothing into the Deployment", component)
	return nil
}

func componentOf(t *testing.T, name string) *kustomization {
	t.Helper()
	for _, m := range load(t, "components/"+name) {
		if found, ok := m.object.(*kustomization); ok {
			if found.Kind != "Component" {
				t.Errorf("%s is a %s", m.path, found.Kind)
			}
			return found
		}
	}
	t.Fatalf("components/%s has no kustomization", name)
	return nil
}

// selectsPods checks a selector against the pods of the base.
func selectsPods(t *testing.T, what string, selector *metav1.LabelSelector) {
	t.Helper()
	found, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil || selector == nil || !found.Matches(labels.Set(only[*appsv1.Deployment](t, base).Spec.Template.Labels)) {
		t.Errorf("%s selects %v, %v: not the adapter's pods", what, selector, err)
	}
}

func TestComponentHA(t *testing.T) {
	patch, budget, quota := deploymentPatch(t, "ha"), only[*policyv1.PodDisruptionBudget](t, "components/ha"), only[*corev1.ResourceQuota](t, "components/ha")
	spec := patch.Spec
	if *spec.Replicas < 2 || spec.Strategy.RollingUpdate.MaxUnavailable.IntValue() != 0 {
		t.Errorf("%d replicas, %s of which may be away in a rollout", *spec.Replicas, spec.Strategy.RollingUpdate.MaxUnavailable)
	}
	selectsPods(t, "the PodDisruptionBudget", budget.Spec.Selector)
	if budget.Namespace != name || budget.Spec.MaxUnavailable.IntValue() != 1 {
		t.Errorf("the PodDisruptionBudget of namespace %s lets %s go", budget.Namespace, budget.Spec.MaxUnavailable)
	}
	for _, constraint := range spec.Template.Spec.TopologySpreadConstraints {
		selectsPods(t, "the spread over "+constraint.TopologyKey, constraint.LabelSelector)
	}
	scope := quota.Spec.ScopeSelector.MatchExpressions[0]
	if quota.Namespace != name || !slices.Equal(scope.Values, []string{spec.Template.Spec.PriorityClassName}) {
		t.Errorf("the quota of namespace %s is for %v, the pods have class %s", quota.Namespace, scope.Values, spec.Template.Spec.PriorityClassName)
	}
	if room := quota.Spec.Hard.Pods().Value(); room < int64(*spec.Replicas)*2 {
		t.Errorf("the quota has room for %d pods, which no rollout can do with", room)
	}
}

func TestComponentNetworkPolicy(t *testing.T) {
	policy, service := only[*networkingv1.NetworkPolicy](t, "components/network-policy"), only[*corev1.Service](t, base)
	selectsPods(t, "the NetworkPolicy", &policy.Spec.PodSelector)
	in := policy.Spec.Ingress
	if len(in) != 1 || len(in[0].From) != 0 || len(in[0].Ports) != 1 || in[0].Ports[0].Port.StrVal != service.Spec.Ports[0].TargetPort.StrVal {
		t.Errorf("ingress is %+v, want the port of the Service alone, from everywhere", in)
	}
	var out []int32
	for _, rule := range policy.Spec.Egress {
		for _, port := range rule.Ports {
			out = append(out, port.Port.IntVal)
		}
	}
	for _, port := range []int32{53, 443, 6443, all[*corev1.Service](t, samples)["my-redis"].Spec.Ports[0].Port} {
		if !slices.Contains(out, port) {
			t.Errorf("egress goes to ports %v, not to %d", out, port)
		}
	}
}

func TestComponentCertManager(t *testing.T) {
	const dir = "components/cert-manager"
	issuers, certificates := all[*issuer](t, dir), all[*certificate](t, dir)
	for key, certificate := range certificates {
		spec := certificate.Spec
		issuer := issuers[spec.IssuerRef.Name]
		switch {
		case issuer == nil:
			t.Errorf("Certificate %s names Issuer %s, which is not here", key, spec.IssuerRef.Name)
		case spec.IsCA && issuer.Spec.SelfSigned == nil, !spec.IsCA && issuer.Spec.CA == nil:
			t.Errorf("Certificate %s is signed by Issuer %s of the wrong kind", key, issuer.Name)
		}
	}
	authority, serving := certificates["redis-metrics-adapter-ca"], certificates["redis-metrics-adapter-serving"]
	if signer := issuers[serving.Spec.IssuerRef.Name]; !authority.Spec.IsCA || signer.Spec.CA.SecretName != authority.Spec.SecretName {
		t.Errorf("Issuer %s signs with Secret %s, the authority is in %s", signer.Name, signer.Spec.CA.SecretName, authority.Spec.SecretName)
	}
	service := only[*corev1.Service](t, base)
	if want := service.Name + "." + service.Namespace + ".svc"; !slices.Contains(serving.Spec.DNSNames, want) {
		t.Errorf("the certificate is for %q, the aggregator asks for %s", serving.Spec.DNSNames, want)
	}
	pod := deploymentPatch(t, "cert-manager").Spec.Template.Spec
	if volume := pod.Volumes[0]; volume.Secret.SecretName != serving.Spec.SecretName || pod.Containers[0].VolumeMounts[0].Name != volume.Name {
		t.Errorf("the pod mounts Secret %s, the certificate is in %s", volume.Secret.SecretName, serving.Spec.SecretName)
	}
	var patches strings.Builder
	for _, patch := range componentOf(t, "cert-manager").Patches {
		patches.WriteString(patch.Patch)
	}
	mounted, injected := pod.Containers[0].VolumeMounts[0].MountPath, serving.Namespace+"/"+serving.Name
	for _, want := range []string{
		"--tls-cert-file=" + mounted + "/tls.crt\n", "--tls-private-key-file=" + mounted + "/tls.key\n",
		"cert-manager.io/inject-ca-from: " + injected + "\n",
	} {
		if !strings.Contains(patches.String(), want) {
			t.Errorf("no patch has %q", want)
		}
	}
}

func TestComponentAllSecrets(t *testing.T) {
	const dir = "components/all-secrets"
	role, binding := only[*rbacv1.ClusterRole](t, dir), only[*rbacv1.ClusterRoleBinding](t, dir)
	checkRules(t, "ClusterRole", role.Rules, []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"get"}},
		{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"get"}},
	})
	bindsTheAdapter(t, binding.RoleRef, binding.Subjects, role.Name)
}

func TestComponentDelegate(t *testing.T) {
	const dir, account = "components/delegate", name + "-delegate"
	roles, bindings := all[*rbacv1.ClusterRole](t, dir), only[*rbacv1.ClusterRoleBinding](t, dir)
	read := rbacv1.PolicyRule{APIGroups: []string{"custom.metrics.k8s.io"}, Resources: []string{"*"}, Verbs: []string{"get"}}
	checkRules(t, "ClusterRole", roles[account].Rules, []rbacv1.PolicyRule{read})
	seen := only[*corev1.ServiceAccount](t, dir)
	if want := (rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Name: seen.Name, Namespace: name}); seen.Name != account || seen.Namespace != name ||
		*seen.AutomountServiceAccountToken || bindings.RoleRef.Name != account || !slices.Equal(bindings.Subjects, []rbacv1.Subject{want}) {
		t.Errorf("%s is bound to %v", bindings.RoleRef.Name, bindings.Subjects)
	}
	role, binding := only[*rbacv1.Role](t, dir), only[*rbacv1.RoleBinding](t, dir)
	checkRules(t, "Role", role.Rules, []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"serviceaccounts/token"}, ResourceNames: []string{account}, Verbs: []string{"create"}},
	})
	bindsTheAdapter(t, binding.RoleRef, binding.Subjects, role.Name)

	view, before := roles[name+"-view"], all[*rbacv1.ClusterRole](t, base)[name+"-view"]
	if len(view.Rules) != len(before.Rules) || !slices.Contains(before.Rules[1].Resources, "*") {
		t.Fatalf("the role %s has rules %v, and in the base %v", view.Name, view.Rules, before.Rules)
	}
	for _, resource := range view.Rules[1].Resources {
		if !strings.HasPrefix(resource, v1alpha1.GroupResource().String()+"/") {
			t.Errorf("people may read %s, which is not ours", resource)
		}
	}

	pod := deploymentPatch(t, "delegate").Spec.Template.Spec
	config, mount := pod.Volumes[0].ConfigMap, pod.Containers[0].VolumeMounts[0]
	var patches strings.Builder
	for _, patch := range componentOf(t, "delegate").Patches {
		patches.WriteString(patch.Patch)
	}
	wants := []string{"--delegate-ca-file=" + mount.MountPath + "/" + config.Items[0].Path + "\n"}
	for flag, variable := range map[string]int{"--delegate-to": 0, "--delegate-server-name": 1} {
		env := pod.Containers[0].Env[variable]
		if env.ValueFrom.ConfigMapKeyRef.Name != config.Name {
			t.Errorf("%s is from ConfigMap %s, the authority from %s", env.Name, env.ValueFrom.ConfigMapKeyRef.Name, config.Name)
		}
		wants = append(wants, flag+"=$("+env.Name+")\n")
	}
	for _, want := range wants {
		if !strings.Contains(patches.String(), want) {
			t.Errorf("no patch has %q", want)
		}
	}
}

// TestSampleQuotaCountsRedisObjects compares the sample with the name of the resource.
func TestSampleQuotaCountsRedisObjects(t *testing.T) {
	quota := only[*corev1.ResourceQuota](t, "samples-quota")
	count := quota.Spec.Hard[corev1.ResourceName("count/"+v1alpha1.GroupResource().String())]
	if len(quota.Spec.Hard) != 1 || count.Value() < 1 || quota.Namespace != metav1.NamespaceDefault {
		t.Errorf("the quota of namespace %s is %v, want a number of %s", quota.Namespace, quota.Spec.Hard, v1alpha1.GroupResource())
	}
}

func bindsTheAdapter(t *testing.T, ref rbacv1.RoleRef, subjects []rbacv1.Subject, role string) {
	t.Helper()
	account := only[*corev1.ServiceAccount](t, base)
	want := []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: account.Name, Namespace: account.Namespace}}
	if ref.Name != role || !slices.Equal(subjects, want) {
		t.Errorf("%s is bound to %v, want %s to %v", ref.Name, subjects, role, want)
	}
}
