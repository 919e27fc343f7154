package doctor

import (
	"context"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/kubeapi"
)

// rights checks what the HPA controller and the adapter may do.
func (d *Doctor) rights(ctx context.Context, of service) []Check {
	const controller = "system:serviceaccount:kube-system:horizontal-pod-autoscaler"
	values := access("get", kubeapi.CustomMetrics, kindName+"/requests-per-second")
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

// reviewOf returns the review of whether a ServiceAccount may do something.
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
		return slices.Contains(rule.APIGroups, kubeapi.CustomMetrics) && slices.Contains(rule.Verbs, "get")
	}) {
		return HopRights.warning(ViewForbidden, "kubectl apply -f deploy/base/rbac-users.yaml", "ClusterRole view does not allow to get %s.", kubeapi.CustomMetrics)
	}
	return HopRights.ok("Allowed by ClusterRole view: get %s.", kubeapi.CustomMetrics)
}

// policies checks that the API server compares what objects name with the rights of
// their authors.
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
