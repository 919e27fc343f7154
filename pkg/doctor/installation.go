package doctor

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/kubeapi"
)

// kindName is the name of the CustomResourceDefinition.
const kindName = v1alpha1.Resource + "." + v1alpha1.GroupName

// Commands that several checks print.
const (
	applyRights = "kubectl apply -f deploy/base/rbac.yaml"
	applyAll    = "kubectl apply -k deploy/base"
	applyKind   = "kubectl apply --server-side -f deploy/base/crd"
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
		return found(HopAPI, Failure, KindMissing, applyKind, "CustomResourceDefinition %s does not exist.", kindName)
	case apierrors.IsForbidden(err):
		return d.servedKind(ctx, err)
	case err != nil:
		return unread(HopAPI, "CustomResourceDefinition "+kindName, "customresourcedefinitions.apiextensions.k8s.io", err)
	}
	for _, version := range definition.Spec.Versions {
		if version.Name == v1alpha1.Version && version.Served && meta.IsStatusConditionTrue(definition.Status.Conditions, "Established") {
			return ok(HopAPI, "CustomResourceDefinition %s is established, and serves %s.", kindName, version.Name)
		}
	}
	return found(HopAPI, Failure, KindMissing, applyKind, "CustomResourceDefinition %s does not serve %s.", kindName, v1alpha1.Version)
}

// servedKind checks in discovery, which everybody may read, what the CustomResourceDefinition would show.
func (d *Doctor) servedKind(ctx context.Context, forbidden error) Check {
	var list metav1.APIResourceList
	err := d.api.Get(ctx, "/apis/"+v1alpha1.GroupVersion().String(), &list)
	switch {
	case apierrors.IsNotFound(err):
		return found(HopAPI, Failure, KindMissing, applyKind, "The API server does not serve %s.", v1alpha1.GroupVersion())
	case err != nil:
		return unread(HopAPI, "CustomResourceDefinition "+kindName, "customresourcedefinitions.apiextensions.k8s.io", forbidden)
	}
	return ok(HopAPI, "The API server serves %s.", v1alpha1.GroupVersion())
}

// rights checks what the HPA controller and the adapter may do.
func (d *Doctor) rights(ctx context.Context, of service) []Check {
	const controller = "system:serviceaccount:kube-system:horizontal-pod-autoscaler"
	values := access("get", kubeapi.CustomMetrics, kindName+"/requests-per-second")
	values.Namespace = metav1.NamespaceDefault
	checks := []Check{d.right(ctx, controller, "the HPA controller", ControllerForbidden,
		"kubectl describe clusterrole system:controller:horizontal-pod-autoscaler", values)}
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
		return found(HopRights, Unknown, Forbidden, "kubectl auth can-i create subjectaccessreviews.authorization.k8s.io", "You may not ask what %s may do.", who)
	case err != nil:
		return unread(HopRights, "the rights of "+user, "subjectaccessreviews.authorization.k8s.io", err)
	case !allowed:
		return found(HopRights, Failure, code, command, "Not allowed for %s: %s.", who, what)
	}
	return ok(HopRights, "Allowed for %s: %s.", who, what)
}

// adapter checks the pods of the adapter, and its Lease.
func (d *Doctor) adapter(ctx context.Context, of service) []Check {
	return append(d.pods(ctx, of), d.lease(ctx, of, time.Now()))
}

func (d *Doctor) pods(ctx context.Context, of service) []Check {
	command := fmt.Sprintf("kubectl -n %s get pods", of.namespace)
	var object corev1.Service
	err := d.api.Get(ctx, kubeapi.Path("/api/v1", of.namespace, "services/"+of.name), &object)
	switch {
	case apierrors.IsNotFound(err):
		return []Check{found(HopAdapter, Failure, MissingEndpoints, applyAll, "Service %s does not exist.", of)}
	case err != nil:
		return []Check{unread(HopAdapter, "Service "+of.String(), "services -n "+of.namespace, err)}
	}
	if len(object.Spec.Selector) == 0 {
		return []Check{ok(HopAdapter, "Service %s selects no pods: the adapter runs elsewhere.", of)}
	}
	var list corev1.PodList
	selector := url.QueryEscape(labels.Set(object.Spec.Selector).String())
	if err := d.api.Get(ctx, kubeapi.Path("/api/v1", of.namespace, "pods?labelSelector="+selector), &list); err != nil {
		return []Check{unread(HopAdapter, "the pods of the adapter", "pods -n "+of.namespace, err)}
	}
	var ready int
	var images []string
	var checks []Check
	for _, pod := range list.Items {
		for _, container := range pod.Spec.Containers {
			if !slices.Contains(images, container.Image) {
				images = append(images, container.Image)
			}
		}
		if podReady(&pod) {
			ready++
			continue
		}
		checks = append(checks, found(HopAdapter, Warning, AdapterNotReady, fmt.Sprintf("kubectl -n %s logs %s --tail=50", of.namespace, pod.Name),
			"Pod %s is not ready.", pod.Name))
	}
	switch {
	case ready == 0:
		return append([]Check{found(HopAdapter, Failure, MissingEndpoints, command, "No pod of the adapter is ready, of %d.", len(list.Items))}, checks...)
	case len(images) > 1:
		checks = append(checks, found(HopAdapter, Warning, AdapterVersions, fmt.Sprintf("kubectl -n %s rollout status deployment/%s", of.namespace, adapterName),
			"Pods of the adapter run %s.", strings.Join(images, " and ")))
	}
	return append([]Check{ok(HopAdapter, "Pods of the adapter that are ready: %d of %d, of image %s.", ready, len(list.Items), strings.Join(images, ", "))}, checks...)
}

func podReady(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// lease checks that a replica is elected, without whom nobody writes status.
func (d *Doctor) lease(ctx context.Context, of service, now time.Time) Check {
	var object coordinationv1.Lease
	if err := d.api.Get(ctx, kubeapi.Path("/apis/coordination.k8s.io/v1", of.namespace, "leases/"+adapterName), &object); err != nil && !apierrors.IsNotFound(err) {
		return unread(HopAdapter, "the Lease of the adapter", "leases.coordination.k8s.io -n "+of.namespace, err)
	}
	spec := object.Spec
	if spec.HolderIdentity == nil || *spec.HolderIdentity == "" || spec.RenewTime == nil || spec.LeaseDurationSeconds == nil ||
		now.Sub(spec.RenewTime.Time) > 2*time.Duration(*spec.LeaseDurationSeconds)*time.Second {
		return found(HopAdapter, Warning, LeaseNotHeld, logs(of),
			"No replica holds Lease %s/%s, so that nobody writes the status of objects.", of.namespace, adapterName)
	}
	return ok(HopAdapter, "Replica %s holds the Lease.", *spec.HolderIdentity)
}

// policies checks that what users name in objects is held against their rights.
func (d *Doctor) policies(ctx context.Context) []Check {
	const group = "/apis/admissionregistration.k8s.io/v1/"
	for _, each := range []string{"secrets", "addresses", "scripts"} {
		name := adapterName + "-" + each
		for _, kind := range []string{"validatingadmissionpolicies", "validatingadmissionpolicybindings"} {
			err := d.api.Get(ctx, group+kind+"/"+name, &metav1.PartialObjectMetadata{})
			switch {
			case apierrors.IsNotFound(err):
				return []Check{found(HopRights, Warning, PolicyMissing, "kubectl apply -f deploy/base/admission.yaml", "Of %s, %s does not exist.", kind, name)}
			case err != nil:
				return []Check{unread(HopRights, "the policies on what objects may name", kind+".admissionregistration.k8s.io", err)}
			}
		}
	}
	return []Check{ok(HopRights, "The policies on what objects may name are bound.")}
}
