package doctor

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
)

// kindName is the name of the CustomResourceDefinition.
const kindName = v1alpha1.Resource + "." + v1alpha1.GroupName

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

// servedKind checks the kind in discovery, which everybody may read, instead of the
// CustomResourceDefinition.
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
