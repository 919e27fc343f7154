package deploy

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
)

const (
	base = "base"
	name = "redis-metrics-adapter"
)

func TestNames(t *testing.T) {
	for _, m := range load(t, base) {
		object, ok := m.object.(metav1.Object)
		if !ok {
			continue
		}
		namespace := object.GetNamespace()
		switch object := m.object.(type) {
		case *corev1.Namespace, *rbacv1.ClusterRole, *rbacv1.ClusterRoleBinding, *apiService, *customResourceDefinition,
			*admissionv1.ValidatingAdmissionPolicy, *admissionv1.ValidatingAdmissionPolicyBinding:
			if namespace != "" {
				t.Errorf("%s: %s is of the whole cluster and names namespace %s", m.path, object.(metav1.Object).GetName(), namespace)
			}
		case *ownSecret:
			if object.Namespace != name || object.Name != name+"-tls" {
				t.Errorf("%s: the Secret is %s/%s, want %s/%s-tls", m.path, object.Namespace, object.Name, name, name)
			}
		case *rbacv1.RoleBinding:
			if namespace != name && namespace != metav1.NamespaceSystem {
				t.Errorf("%s: RoleBinding %s is in namespace %q", m.path, object.Name, namespace)
			}
		default:
			if namespace != name || m.object.(metav1.Object).GetName() != name {
				t.Errorf("%s: %T is %s/%s, want %s/%s", m.path, object, namespace, m.object.(metav1.Object).GetName(), name, name)
			}
		}
	}
}

func TestServiceReachesTheContainer(t *testing.T) {
	service, deployment := only[*corev1.Service](t, base), only[*appsv1.Deployment](t, base)
	template := deployment.Spec.Template
	if !labels.SelectorFromSet(service.Spec.Selector).Matches(labels.Set(template.Labels)) {
		t.Errorf("Service selects %v, pods carry %v", service.Spec.Selector, template.Labels)
	}
	if !labels.SelectorFromSet(deployment.Spec.Selector.MatchLabels).Matches(labels.Set(template.Labels)) {
		t.Errorf("Deployment selects %v, pods carry %v", deployment.Spec.Selector.MatchLabels, template.Labels)
	}
	port := containerPort(t, deployment, service.Spec.Ports[0].TargetPort.StrVal)
	container := deployment.Spec.Template.Spec.Containers[0]
	if want := fmt.Sprintf("--secure-port=%d", port); !slices.Contains(container.Args, want) {
		t.Errorf("args %q do not hold %q, the port that the Service reaches", container.Args, want)
	}
	for kind, probe := range map[string]*corev1.Probe{
		"/livez": container.LivenessProbe, "/readyz": container.ReadinessProbe,
	} {
		if probe == nil || probe.HTTPGet == nil {
			t.Errorf("no HTTP probe of %s", kind)
			continue
		}
		get := probe.HTTPGet
		if get.Path != kind || get.Scheme != corev1.URISchemeHTTPS || containerPort(t, deployment, get.Port.StrVal) != port {
			t.Errorf("probe asks %s %s of port %s, want HTTPS %s of the serving port", get.Scheme, get.Path, get.Port.String(), kind)
		}
	}
}

func containerPort(t *testing.T, deployment *appsv1.Deployment, name string) int32 {
	t.Helper()
	for _, port := range deployment.Spec.Template.Spec.Containers[0].Ports {
		if port.Name == name {
			return port.ContainerPort
		}
	}
	t.Fatalf("the container has no port named %q", name)
	return 0
}

func TestAPIServicesReachTheService(t *testing.T) {
	service, found := only[*corev1.Service](t, base), all[*apiService](t, base)
	if len(found) != 2 {
		t.Fatalf("%d APIServices, want v1beta1 and v1beta2", len(found))
	}
	for key, object := range found {
		spec := object.Spec
		if key != spec.Version+"."+spec.Group || spec.Group != "custom.metrics.k8s.io" {
			t.Errorf("APIService %s is of version %s of group %s", key, spec.Version, spec.Group)
		}
		if spec.Service.Name != service.Name || spec.Service.Namespace != service.Namespace ||
			spec.Service.Port != service.Spec.Ports[0].Port {
			t.Errorf("APIService %s names Service %+v, which does not exist", key, spec.Service)
		}
	}
	older, newer := found["v1beta1.custom.metrics.k8s.io"], found["v1beta2.custom.metrics.k8s.io"]
	if older == nil || newer == nil || older.Spec.VersionPriority >= newer.Spec.VersionPriority {
		t.Error("want v1beta1 and v1beta2, the newer preferred")
	}
}

func TestDeploymentRunsAsItsServiceAccount(t *testing.T) {
	account, deployment := only[*corev1.ServiceAccount](t, base), only[*appsv1.Deployment](t, base)
	pod := deployment.Spec.Template.Spec
	if pod.ServiceAccountName != account.Name {
		t.Errorf("the pod runs as %q, the ServiceAccount is %q", pod.ServiceAccountName, account.Name)
	}
	if pod.AutomountServiceAccountToken == nil || !*pod.AutomountServiceAccountToken {
		t.Error("the pod does not ask for its token, which the ServiceAccount does not give unasked")
	}
	fields := map[string]string{}
	for _, env := range pod.Containers[0].Env {
		fields[env.Name] = env.ValueFrom.FieldRef.FieldPath
	}
	if fields["POD_NAMESPACE"] != "metadata.namespace" || fields["POD_NAME"] != "metadata.name" {
		t.Errorf("environment %v does not tell the adapter its namespace and name", fields)
	}
}

func TestRolesAreBoundToTheServiceAccount(t *testing.T) {
	account := only[*corev1.ServiceAccount](t, base)
	wantSubjects := []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: account.Name, Namespace: account.Namespace}}
	var bound []string
	check := func(kind, namespace, name string, ref rbacv1.RoleRef, subjects []rbacv1.Subject) {
		if !slices.Equal(subjects, wantSubjects) {
			t.Errorf("%s %s binds %v, want %v", kind, name, subjects, wantSubjects)
		}
		bound = append(bound, strings.Join([]string{namespace, ref.Kind, ref.Name}, " "))
	}
	for _, b := range all[*rbacv1.ClusterRoleBinding](t, base) {
		check("ClusterRoleBinding", "*", b.Name, b.RoleRef, b.Subjects)
	}
	for _, b := range all[*rbacv1.RoleBinding](t, base) {
		check("RoleBinding", b.Namespace, b.Name, b.RoleRef, b.Subjects)
	}
	slices.Sort(bound)
	want := []string{
		"* ClusterRole redis-metrics-adapter",
		"* ClusterRole system:auth-delegator",
		"kube-system Role extension-apiserver-authentication-reader",
		"redis-metrics-adapter Role redis-metrics-adapter",
	}
	if !slices.Equal(bound, want) {
		t.Errorf("bound roles\n%q\nwant\n%q", bound, want)
	}
}

func TestAdapterHasLeastRights(t *testing.T) {
	apiServices := []string{"v1beta1.custom.metrics.k8s.io", "v1beta2.custom.metrics.k8s.io"}
	checkRules(t, "ClusterRole", all[*rbacv1.ClusterRole](t, base)[name].Rules, []rbacv1.PolicyRule{
		{APIGroups: []string{v1alpha1.GroupName}, Resources: []string{v1alpha1.Resource}, Verbs: []string{"list", "watch"}},
		{APIGroups: []string{v1alpha1.GroupName}, Resources: []string{v1alpha1.Resource + "/status"}, Verbs: []string{"patch"}},
		{APIGroups: []string{""}, Resources: []string{"events"}, Verbs: []string{"create", "patch"}},
		{APIGroups: []string{"apiregistration.k8s.io"}, Resources: []string{"apiservices"}, ResourceNames: apiServices, Verbs: []string{"get", "patch"}},
		{
			APIGroups: []string{"admissionregistration.k8s.io"}, Resources: []string{"validatingadmissionpolicies", "validatingadmissionpolicybindings"},
			ResourceNames: []string{secretsPolicy, addressesPolicy, scriptsPolicy}, Verbs: []string{"get"},
		},
	})
	checkRules(t, "Role", only[*rbacv1.Role](t, base).Rules, []rbacv1.PolicyRule{
		{APIGroups: []string{"coordination.k8s.io"}, Resources: []string{"leases"}, ResourceNames: []string{name}, Verbs: []string{"get", "update"}},
		{APIGroups: []string{""}, Resources: []string{"secrets"}, ResourceNames: []string{name + "-tls"}, Verbs: []string{"get", "update"}},
	})
}

func checkRules(t *testing.T, kind string, got, want []rbacv1.PolicyRule) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			t.Errorf("%s lacks %s", kind, want[i].String())
		case i >= len(want):
			t.Errorf("%s grants more than the adapter needs: %s", kind, got[i].String())
		case got[i].String() != want[i].String():
			t.Errorf("%s grants %s, want %s", kind, got[i].String(), want[i].String())
		}
	}
}

func TestCustomResourceDefinitionIsOfTheTypes(t *testing.T) {
	crd := only[*customResourceDefinition](t, base)
	spec := crd.Spec
	if crd.Name != v1alpha1.GroupResource().String() || spec.Group != v1alpha1.GroupName ||
		spec.Names.Plural != v1alpha1.Resource || spec.Names.Kind != v1alpha1.Kind || spec.Scope != "Namespaced" {
		t.Errorf("definition %s of group %s, names %+v, scope %s", crd.Name, spec.Group, spec.Names, spec.Scope)
	}
	if len(spec.Versions) != 1 {
		t.Fatalf("%d versions, want %s alone", len(spec.Versions), v1alpha1.Version)
	}
	version := spec.Versions[0]
	if version.Name != v1alpha1.Version || !version.Served || !version.Storage || version.Subresources["status"] == nil {
		t.Errorf("version %s served %t stored %t subresources %v", version.Name, version.Served, version.Storage, version.Subresources)
	}
}

// An object without spec.sampling takes the default of the whole; one with a part of it takes those of the fields.
func TestDefaultsOfSamplingAgree(t *testing.T) {
	version := only[*customResourceDefinition](t, base).Spec.Versions[0]
	sampling, found, err := unstructured.NestedMap(version.Schema, "openAPIV3Schema", "properties", "spec", "properties", "sampling")
	if err != nil || !found {
		t.Fatalf("no schema of spec.sampling: %v", err)
	}
	fields := map[string]any{}
	for name, field := range sampling["properties"].(map[string]any) {
		fields[name] = field.(map[string]any)["default"]
	}
	if !reflect.DeepEqual(sampling["default"], any(fields)) {
		t.Errorf("spec.sampling defaults to %v, its fields to %v", sampling["default"], fields)
	}
}
