package doctor

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/kubeapi"
)

// adapter checks the pods of the adapter, and its Lease.
func (d *Doctor) adapter(ctx context.Context, of service) []Check {
	return append(d.pods(ctx, of), d.lease(ctx, of, time.Now()))
}

func (d *Doctor) pods(ctx context.Context, of service) []Check {
	var object corev1.Service
	err := d.api.Get(ctx, kubeapi.Path("/api/v1", of.namespace, "services/"+of.name), &object)
	switch {
	case apierrors.IsNotFound(err):
		return []Check{HopAdapter.failure(MissingEndpoints, applyService, "Service %s does not exist.", of)}
	case err != nil:
		return []Check{HopAdapter.unread("Service "+of.String(), "services -n "+of.namespace, err)}
	}
	if len(object.Spec.Selector) == 0 {
		return []Check{HopAdapter.ok("Service %s selects no pods: the adapter runs elsewhere.", of)}
	}
	var list corev1.PodList
	selector := url.QueryEscape(labels.Set(object.Spec.Selector).String())
	if err := d.api.Get(ctx, kubeapi.Path("/api/v1", of.namespace, "pods?labelSelector="+selector), &list); err != nil {
		return []Check{HopAdapter.unread("the pods of the adapter", "pods -n "+of.namespace, err)}
	}
	var ready []corev1.Pod
	var images []string
	var unready []Check
	for _, pod := range list.Items {
		for _, container := range pod.Spec.Containers {
			if !slices.Contains(images, container.Image) {
				images = append(images, container.Image)
			}
		}
		if podReady(&pod) {
			ready = append(ready, pod)
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
	checks = append(checks, d.answers(ctx, of, ready)...)
	return append(checks, d.certificates(ctx, of, object.Spec.Ports, ready)...)
}

// answers asks each replica through the API server, because the API server, and not the kubelet, sends them the
// requests of HPAs.
func (d *Doctor) answers(ctx context.Context, of service, pods []corev1.Pod) []Check {
	var checks []Check
	for i := range pods {
		var text string
		pod := pods[i].Name
		err := d.api.Get(ctx, kubeapi.Path("/api/v1", of.namespace, "pods/https:"+pod+":/proxy/readyz"), &text)
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

// lease checks that a replica is elected. Without one, nobody writes status.
func (d *Doctor) lease(ctx context.Context, of service, now time.Time) Check {
	var object coordinationv1.Lease
	err := d.api.Get(ctx, kubeapi.Path("/apis/coordination.k8s.io/v1", of.namespace, "leases/"+adapterName), &object)
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
