package doctor

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/version"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/kubeapi"
)

// oldestMinor is the oldest Kubernetes 1.x whose API server accepts the manifests.
const oldestMinor = 34

// Before checks whether the adapter can be installed by whoever runs it.
func (d *Doctor) Before(ctx context.Context) Report {
	var r Report
	r.add(d.kubernetes(ctx))
	for _, name := range []string{"v1beta1." + kubeapi.CustomMetrics, "v1beta2." + kubeapi.CustomMetrics} {
		r.add(d.vacant(ctx, name))
	}
	r.add(d.mayInstall(ctx)...)
	return r
}

func (d *Doctor) kubernetes(ctx context.Context) Check {
	var info version.Info
	if err := d.api.Get(ctx, "/version", &info); err != nil {
		return HopInstall.unread("its version", "/version", err)
	}
	minor, err := strconv.Atoi(strings.TrimRight(info.Minor, "+"))
	if err != nil || info.Major != "1" || minor < oldestMinor {
		return HopInstall.failure(Unsupported, "kubectl version", "The API server is of version %s, and 1.%d or newer is needed.", info.GitVersion, oldestMinor)
	}
	return HopInstall.ok("The API server is of version %s.", info.GitVersion)
}

// vacant checks that no other project serves a version of the metrics API.
func (d *Doctor) vacant(ctx context.Context, name string) Check {
	var object apiService
	err := d.api.Get(ctx, apiServicesPath+"/"+name, &object)
	switch {
	case apierrors.IsNotFound(err):
		return HopInstall.ok("APIService %s does not exist, and can be created.", name)
	case err != nil:
		return HopInstall.unread("APIService "+name, "apiservices.apiregistration.k8s.io", err)
	case object.Spec.Service != nil && object.Spec.Service.Name == adapterName:
		return HopInstall.ok("APIService %s is the adapter's already.", name)
	}
	owner := "another project"
	if object.Spec.Service != nil {
		owner = "Service " + object.Spec.Service.Namespace + "/" + object.Spec.Service.Name
	}
	return HopInstall.failure(APIServiceForeign, "make deploy DELEGATE=1", "APIService %s belongs to %s.", name, owner)
}

// mayInstall checks whether whoever runs it may create the objects in the manifests.
func (d *Doctor) mayInstall(ctx context.Context) []Check {
	var denied []string
	for _, attributes := range []*authorizationv1.ResourceAttributes{
		access("create", "", "namespaces"),
		access("create", "apiextensions.k8s.io", "customresourcedefinitions"),
		access("create", "apiregistration.k8s.io", "apiservices"),
		access("create", "admissionregistration.k8s.io", "validatingadmissionpolicies"),
		access("create", "rbac.authorization.k8s.io", "clusterroles"),
		access("create", "rbac.authorization.k8s.io", "clusterrolebindings"),
	} {
		allowed, err := d.api.Allowed(ctx, authorizationv1.SubjectAccessReviewSpec{ResourceAttributes: attributes})
		if err != nil {
			return []Check{HopInstall.unread("what you may create", "selfsubjectaccessreviews.authorization.k8s.io", err)}
		}
		if !allowed {
			denied = append(denied, attributes.Resource)
		}
	}
	if len(denied) == 0 {
		return []Check{HopInstall.ok("You may create what deploy/base holds.")}
	}
	return []Check{HopInstall.failure(Forbidden, fmt.Sprintf("kubectl auth can-i create %s", denied[0]), "You may not create %s.", strings.Join(denied, ", "))}
}
