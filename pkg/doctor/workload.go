package doctor

import (
	"context"
	"encoding/json"
	"net/url"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/kubeapi"
)

// slowStart is how long a pod may be unready before it counts as blocking.
const slowStart = time.Minute

// workload checks the StatefulSet that an HPA scales. It ignores other kinds.
func (d *Doctor) workload(ctx context.Context, hpa *autoscalingv2.HorizontalPodAutoscaler, now time.Time) []Check {
	target := hpa.Spec.ScaleTargetRef
	if target.Kind != "StatefulSet" {
		return nil
	}
	var set appsv1.StatefulSet
	err := d.api.Get(ctx, kubeapi.Path("/apis/apps/v1", hpa.Namespace, "statefulsets/"+target.Name), &set)
	switch {
	case apierrors.IsNotFound(err):
		return []Check{HopTarget.failure(TargetNotFound, patchHPA(hpa, replaceField("scaleTargetRef/name", "NAME")), "Namespace %s has no StatefulSet %s.", hpa.Namespace, target.Name)}
	case err != nil:
		return []Check{HopTarget.unread("StatefulSet "+target.Name, "statefulsets.apps -n "+hpa.Namespace, err)}
	}
	checks := []Check{HopTarget.ok("StatefulSet %s: %d of %d replicas are ready.", set.Name, set.Status.ReadyReplicas, set.Status.Replicas)}
	checks = append(checks, d.blockingPod(ctx, &set, now)...)
	checks = append(checks, d.budgets(ctx, hpa, &set)...)
	return append(checks, manifest(&set)...)
}

// blockingPod finds the pod for which OrderedReady waits.
func (d *Doctor) blockingPod(ctx context.Context, set *appsv1.StatefulSet, now time.Time) []Check {
	if set.Spec.PodManagementPolicy == appsv1.ParallelPodManagement || set.Status.ReadyReplicas >= set.Status.Replicas {
		return nil
	}
	selector, err := metav1.LabelSelectorAsSelector(set.Spec.Selector)
	if err != nil {
		return []Check{HopTarget.unread("the selector of StatefulSet "+set.Name, "", err)}
	}
	var list corev1.PodList
	if err := d.api.Get(ctx, kubeapi.Path("/api/v1", set.Namespace, "pods?labelSelector="+url.QueryEscape(selector.String())), &list); err != nil {
		return []Check{HopTarget.unread("the pods of StatefulSet "+set.Name, "pods -n "+set.Namespace, err)}
	}
	for i := range list.Items {
		pod := &list.Items[i]
		since := unreadySince(pod)
		if podReady(pod) || now.Sub(since) < slowStart {
			continue
		}
		// kubectl 1.34 may wait forever, because the StatefulSet creates a pod of the same name at
		// once.
		return []Check{HopTarget.warning(PodBlocksScaling, kubectl(pod.Namespace, "delete pod %s --wait=false", pod.Name),
			"Pod %s has not been ready for %s, and OrderedReady waits for it.", pod.Name, ago(now.Sub(since)))}
	}
	return nil
}

func unreadySince(pod *corev1.Pod) time.Time {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.LastTransitionTime.Time
		}
	}
	return pod.CreationTimestamp.Time
}

// budgets finds a PodDisruptionBudget that requires more pods than the HPA may leave. Scaling in ignores it.
func (d *Doctor) budgets(ctx context.Context, hpa *autoscalingv2.HorizontalPodAutoscaler, set *appsv1.StatefulSet) []Check {
	var list policyv1.PodDisruptionBudgetList
	if err := d.api.Get(ctx, kubeapi.Path("/apis/policy/v1", set.Namespace, "poddisruptionbudgets"), &list); err != nil {
		return []Check{HopTarget.unread("the PodDisruptionBudgets of namespace "+set.Namespace, "poddisruptionbudgets -n "+set.Namespace, err)}
	}
	minimum := ptr.Deref(hpa.Spec.MinReplicas, 1)
	for _, budget := range list.Items {
		wanted := budget.Spec.MinAvailable
		selector, err := metav1.LabelSelectorAsSelector(budget.Spec.Selector)
		if err != nil || wanted == nil || wanted.Type != intstr.Int || wanted.IntVal <= minimum || !selector.Matches(labels.Set(set.Spec.Template.Labels)) {
			continue
		}
		return []Check{HopTarget.warning(MinimumBelowBudget, patchHPA(hpa, addField("minReplicas", wanted.IntVal)),
			"HPA %s may scale StatefulSet %s in to %d, and PodDisruptionBudget %s wants %d available.", hpa.Name, set.Name, minimum, budget.Name, wanted.IntVal)}
	}
	return nil
}

// manifest warns of fields of a StatefulSet that conflict with an HPA.
func manifest(set *appsv1.StatefulSet) []Check {
	var checks []Check
	policy := set.Spec.PersistentVolumeClaimRetentionPolicy
	if len(set.Spec.VolumeClaimTemplates) > 0 && policy != nil && policy.WhenScaled == appsv1.DeletePersistentVolumeClaimRetentionPolicyType {
		checks = append(checks, HopTarget.warning(VolumesDeleted,
			kubectl(set.Namespace, `patch statefulset %s --type=merge -p '{"spec":{"persistentVolumeClaimRetentionPolicy":{"whenScaled":"Retain"}}}'`, set.Name),
			"Scaling in deletes the volumes of StatefulSet %s.", set.Name))
	}
	var applied struct {
		Spec struct {
			Replicas *int32 `json:"replicas"`
		} `json:"spec"`
	}
	text := set.Annotations[corev1.LastAppliedConfigAnnotation]
	if json.Unmarshal([]byte(text), &applied) == nil && applied.Spec.Replicas != nil {
		checks = append(checks, HopTarget.warning(ReplicasApplied,
			`KUBE_EDITOR="sed -i.bak /^..replicas:/d" `+kubectl(set.Namespace, "apply edit-last-applied statefulset/%s", set.Name),
			"The applied manifest of StatefulSet %s has replicas: %d.", set.Name, *applied.Spec.Replicas))
	}
	return checks
}
