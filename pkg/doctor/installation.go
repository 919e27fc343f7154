package doctor

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
)

// kindName is the name of the CustomResourceDefinition.
const kindName = v1alpha1.Resource + "." + v1alpha1.GroupName

// Commands that several checks print.
const (
	applyRights   = "kubectl apply -f deploy/base/rbac.yaml"
	applyAll      = "kubectl apply -k deploy/base"
	applyPolicies = "kubectl apply -f deploy/base/admission.yaml"
	applyKind     = "kubectl apply --server-side -f deploy/base/crd"
	// allowController adds to the ClusterRole of the HPA controller what Kubernetes gave it.
	allowController = `kubectl patch clusterrole system:controller:horizontal-pod-autoscaler --type=json -p ` +
		`'[{"op":"add","path":"/rules/-","value":{"apiGroups":["custom.metrics.k8s.io"],"resources":["*"],"verbs":["get","list"]}}]'`
)

// kind checks the CustomResourceDefinition.
func (d *Doctor) kind(ctx context.Context) Check {
	var definition struct {
		Spec struct {
			Versions []struct {
				Name   string `json:"name"`
				Served bool   `json:"served"`
			} `json:"versions"`
		} `json:"spec"`
		Status struct {
			Conditions []metav1.Condition `json:"conditions"`
		} `json:"status"`
	}
	err := d.api.Get(ctx, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/"+kindName, &definition)
	switch {
	case apierrors.IsNotFound(err):
		return HopAPI.failure(KindMissing, applyKind, "CustomResourceDefinition %s does not exist.", kindName)
	case apierrors.IsForbidden(err):
		return d.servedKind(ctx, err)
	case err != nil:
		return HopAPI.unread("CustomResourceDefinition "+kindName, "customresourcedefinitions.apiextensions.k8s.io", err)
	}
	for _, version := range definition.Spec.Versions {
		if version.Name == v1alpha1.Version && version.Served && meta.IsStatusConditionTrue(definition.Status.Conditions, "Established") {
			return HopAPI.ok("CustomResourceDefinition %s is established, and serves %s.", kindName, version.Name)
		}
	}
	return HopAPI.failure(KindMissing, applyKind, "CustomResourceDefinition %s does not serve %s.", kindName, v1alpha1.Version)
}

// servedKind checks in discovery, which everybody may read, what the CustomResourceDefinition would show.
func (d *Doctor) servedKind(ctx context.Context, forbidden error) Check {
	var list metav1.APIResourceList
	err := d.api.Get(ctx, "/apis/"+v1alpha1.GroupVersion().String(), &list)
	switch {
	case apierrors.IsNotFound(err):
		return HopAPI.failure(KindMissing, applyKind, "The API server does not serve %s.", v1alpha1.GroupVersion())
	case err != nil:
		return HopAPI.unread("CustomResourceDefinition "+kindName, "customresourcedefinitions.apiextensions.k8s.io", forbidden)
	}
	return HopAPI.ok("The API server serves %s.", v1alpha1.GroupVersion())
}

// rights checks what the HPA controller and the adapter may do.
func (d *Doctor) rights(ctx context.Context, of service) []Check {
	const controller = "system:serviceaccount:kube-system:horizontal-pod-autoscaler"
	values := access("get", customMetrics, kindName+"/requests-per-second")
	values.Namespace = metav1.NamespaceDefault
	checks := []Check{d.right(ctx, controller, "the HPA controller", ControllerForbidden, allowController, values)}
	if of.name == "" {
		return checks
	}
	status := access("patch", v1alpha1.GroupName, v1alpha1.Resource)
	status.Subresource = "status"
	for _, attributes := range []*authorizationv1.ResourceAttributes{access("list", v1alpha1.GroupName, v1alpha1.Resource), status} {
		check := d.right(ctx, of.account(), "the adapter", AdapterForbidden, applyRights, attributes)
		checks = append(checks, check)
		if check.Mark == Unknown {
			break
		}
	}
	return checks
}

// reviewOf asks whether a ServiceAccount may do something.
func reviewOf(user string, attributes *authorizationv1.ResourceAttributes) authorizationv1.SubjectAccessReviewSpec {
	return authorizationv1.SubjectAccessReviewSpec{
		User: user, Groups: []string{"system:serviceaccounts", "system:authenticated"}, ResourceAttributes: attributes,
	}
}

func (d *Doctor) right(ctx context.Context, user, who string, code Code, command string, attributes *authorizationv1.ResourceAttributes) Check {
	what := attributes.Verb + " " + strings.TrimSuffix(attributes.Resource+"/"+attributes.Subresource, "/") + " of group " + attributes.Group
	allowed, err := d.api.Allowed(ctx, reviewOf(user, attributes))
	switch {
	case apierrors.IsForbidden(err):
		return HopRights.unknown(Forbidden, "kubectl auth can-i create subjectaccessreviews.authorization.k8s.io", "You may not ask what %s may do.", who)
	case err != nil:
		return HopRights.unread("the rights of "+user, "subjectaccessreviews.authorization.k8s.io", err)
	case !allowed:
		return HopRights.failure(code, command, "Not allowed for %s: %s.", who, what)
	}
	return HopRights.ok("Allowed for %s: %s.", who, what)
}

// view checks that people who may view a namespace may read its metrics.
func (d *Doctor) view(ctx context.Context) Check {
	var role rbacv1.ClusterRole
	if err := d.api.Get(ctx, "/apis/rbac.authorization.k8s.io/v1/clusterroles/view", &role); err != nil && !apierrors.IsNotFound(err) {
		return HopRights.unread("ClusterRole view", "clusterroles.rbac.authorization.k8s.io", err)
	}
	if !slices.ContainsFunc(role.Rules, func(rule rbacv1.PolicyRule) bool {
		return slices.Contains(rule.APIGroups, customMetrics) && slices.Contains(rule.Verbs, "get")
	}) {
		return HopRights.warning(ViewForbidden, "kubectl apply -f deploy/base/rbac-users.yaml", "ClusterRole view does not allow to get %s.", customMetrics)
	}
	return HopRights.ok("Allowed by ClusterRole view: get %s.", customMetrics)
}

// policies checks that what users name in objects is held against their rights.
func (d *Doctor) policies(ctx context.Context) Check {
	const group = "/apis/admissionregistration.k8s.io/v1/"
	for _, each := range []string{"secrets", "addresses", "scripts"} {
		name := adapterName + "-" + each
		var binding admissionv1.ValidatingAdmissionPolicyBinding // what both kinds have in common is read into it too
		for _, kind := range []string{"validatingadmissionpolicies", "validatingadmissionpolicybindings"} {
			err := d.api.Get(ctx, group+kind+"/"+name, &binding)
			switch {
			case apierrors.IsNotFound(err):
				return HopRights.warning(PolicyMissing, applyPolicies, "Of %s, %s does not exist.", kind, name)
			case err != nil:
				return HopRights.unread("the policies on what objects may name", kind+".admissionregistration.k8s.io", err)
			}
		}
		if binding.Spec.PolicyName != name || !slices.Contains(binding.Spec.ValidationActions, admissionv1.Deny) {
			return HopRights.warning(PolicyMissing, applyPolicies, "ValidatingAdmissionPolicyBinding %s does not deny what its policy refuses.", name)
		}
	}
	return HopRights.ok("The policies on what objects may name are bound.")
}

// adapter checks the pods of the adapter, and its Lease.
func (d *Doctor) adapter(ctx context.Context, of service) []Check {
	return append(d.pods(ctx, of), d.lease(ctx, of, time.Now()))
}

func (d *Doctor) pods(ctx context.Context, of service) []Check {
	var object corev1.Service
	err := d.api.Get(ctx, path("/api/v1", of.namespace, "services/"+of.name), &object)
	switch {
	case apierrors.IsNotFound(err):
		return []Check{HopAdapter.failure(MissingEndpoints, applyAll, "Service %s does not exist.", of)}
	case err != nil:
		return []Check{HopAdapter.unread("Service "+of.String(), "services -n "+of.namespace, err)}
	}
	if len(object.Spec.Selector) == 0 {
		return []Check{HopAdapter.ok("Service %s selects no pods: the adapter runs elsewhere.", of)}
	}
	var list corev1.PodList
	selector := url.QueryEscape(labels.Set(object.Spec.Selector).String())
	if err := d.api.Get(ctx, path("/api/v1", of.namespace, "pods?labelSelector="+selector), &list); err != nil {
		return []Check{HopAdapter.unread("the pods of the adapter", "pods -n "+of.namespace, err)}
	}
	var ready []string
	var images []string
	var unready []Check
	for _, pod := range list.Items {
		for _, container := range pod.Spec.Containers {
			if !slices.Contains(images, container.Image) {
				images = append(images, container.Image)
			}
		}
		if podReady(&pod) {
			ready = append(ready, pod.Name)
			continue
		}
		unready = append(unready, HopAdapter.warning(AdapterNotReady, kubectl(of.namespace, "logs %s --tail=50", pod.Name), "Pod %s is not ready.", pod.Name))
	}
	if len(ready) == 0 {
		return append([]Check{HopAdapter.failure(MissingEndpoints, kubectl(of.namespace, "get pods"), "No pod of the adapter is ready, of %d.", len(list.Items))}, unready...)
	}
	checks := []Check{HopAdapter.ok("Pods of the adapter that are ready: %d of %d, of image %s.", len(ready), len(list.Items), strings.Join(images, ", "))}
	checks = append(checks, unready...)
	if len(images) > 1 {
		checks = append(checks, HopAdapter.warning(AdapterVersions, kubectl(of.namespace, "rollout status deployment/%s", adapterName),
			"Pods of the adapter run %s.", strings.Join(images, " and ")))
	}
	return append(checks, d.answers(ctx, of, ready)...)
}

// answers asks each replica through the API server, since that, and not the kubelet, sends them the requests of HPAs.
func (d *Doctor) answers(ctx context.Context, of service, pods []string) []Check {
	var checks []Check
	for _, pod := range pods {
		var text string
		err := d.api.Get(ctx, path("/api/v1", of.namespace, "pods/https:"+pod+":/proxy/readyz"), &text)
		switch {
		case apierrors.IsForbidden(err):
			return []Check{HopAdapter.unread("what each replica answers", "pods/proxy -n "+of.namespace, err)}
		case err != nil:
			checks = append(checks, HopAdapter.warning(AdapterUnreachable, kubectl(of.namespace, "get pods,networkpolicies -o wide"),
				"Pod %s does not answer the API server: %s.", pod, sentence(err.Error())))
		default:
			checks = append(checks, HopAdapter.ok("Pod %s answers the API server.", pod))
		}
	}
	return checks
}

func podReady(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// lease checks that a replica is elected, without whom nobody writes status.
func (d *Doctor) lease(ctx context.Context, of service, now time.Time) Check {
	var object coordinationv1.Lease
	err := d.api.Get(ctx, path("/apis/coordination.k8s.io/v1", of.namespace, "leases/"+adapterName), &object)
	spec := object.Spec
	switch {
	case apierrors.IsNotFound(err):
		return HopAdapter.warning(LeaseNotHeld, "kubectl apply -f deploy/base/own-objects.yaml",
			"Lease %s/%s does not exist, so that nobody writes the status of objects.", of.namespace, adapterName)
	case err != nil:
		return HopAdapter.unread("the Lease of the adapter", "leases.coordination.k8s.io -n "+of.namespace, err)
	case spec.HolderIdentity == nil || *spec.HolderIdentity == "" || spec.RenewTime == nil || spec.LeaseDurationSeconds == nil ||
		now.Sub(spec.RenewTime.Time) > 2*time.Duration(*spec.LeaseDurationSeconds)*time.Second:
		return HopAdapter.warning(LeaseNotHeld, logs(of), "No replica holds Lease %s/%s, so that nobody writes the status of objects.", of.namespace, adapterName)
	}
	return HopAdapter.ok("Replica %s holds the Lease.", *spec.HolderIdentity)
}
