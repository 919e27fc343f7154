package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/kubeapi"
)

// hpa checks an HPA, the object that it describes, its values, and its workload.
func (d *Doctor) hpa(ctx context.Context, r *Report, namespace, name string) {
	var list autoscalingv2.HorizontalPodAutoscalerList
	if err := d.api.Get(ctx, kubeapi.HPAs(namespace), &list); err != nil {
		r.add(HopHPA.unread("the HPAs of namespace "+namespace, "hpa -n "+namespace, err))
		return
	}
	i := slices.IndexFunc(list.Items, func(h autoscalingv2.HorizontalPodAutoscaler) bool { return h.Name == name })
	if i < 0 {
		r.add(d.notFound(ctx, namespace, name))
		return
	}
	hpa := &list.Items[i]
	r.add(shared(hpa, list.Items)...)
	questions, checks := d.metrics(ctx, hpa)
	r.add(checks...)
	objects := map[string]*v1alpha1.Redis{}
	for _, q := range questions {
		if _, seen := objects[q.redis]; !seen {
			object, checks := d.redis(ctx, namespace, q.redis)
			objects[q.redis] = object
			for i := range checks {
				if checks[i].Code == RedisNotFound {
					checks[i].Command = q.patch(replaceField("describedObject/name", d.onlyRedis(ctx, namespace)))
				}
			}
			r.add(checks...)
		}
		if _, builtin := d.catalog.Lookup(q.metric); !builtin && objects[q.redis] != nil && !declares(objects[q.redis], q.metric) {
			r.add(HopHPA.failure(MetricNotFound, q.patch(replaceField("metric/name", "METRIC")),
				"spec.metrics[%d] asks for metric %s, which Redis %s does not have.", q.index, q.metric, q.redis))
		}
	}
	if !r.failed(HopAPI) {
		for _, q := range questions {
			if object := objects[q.redis]; object != nil {
				q.interval = object.Spec.Sampling.Interval.Duration
				r.add(d.values(ctx, namespace, q)...)
			}
		}
	}
	r.add(d.conditions(ctx, hpa)...)
	r.add(d.workload(ctx, hpa, time.Now())...)
}

// notFound returns the check of an HPA that does not exist, and says why the API server
// may have refused it.
func (d *Doctor) notFound(ctx context.Context, namespace, name string) Check {
	check := HopHPA.failure(HPANotFound, kubectl(namespace, "get hpa"), "Namespace %s has no HPA %s.", namespace, name)
	var metrics string
	if d.api.Get(ctx, "/metrics", &metrics) == nil && scaleToZeroOff.MatchString(metrics) {
		check.Message += " The API server refuses HPAs whose minReplicas is 0."
	}
	return check
}

// scaleToZeroOff matches the metric of an API server that refuses minReplicas 0.
var scaleToZeroOff = regexp.MustCompile(`(?m)^kubernetes_feature_enabled\{name="HPAScaleToZero",.*\} 0$`)

// shared finds other HPAs of the same workload.
func shared(hpa *autoscalingv2.HorizontalPodAutoscaler, all []autoscalingv2.HorizontalPodAutoscaler) []Check {
	of := hpa.Spec.ScaleTargetRef
	for _, other := range all {
		to := other.Spec.ScaleTargetRef
		if other.Name != hpa.Name && to.Kind == of.Kind && to.Name == of.Name {
			return []Check{HopHPA.failure(TargetShared, kubectl(hpa.Namespace, "delete hpa %s", other.Name),
				"HPAs %s and %s both scale %s %s.", hpa.Name, other.Name, of.Kind, of.Name)}
		}
	}
	return nil
}

// metrics checks the metrics of an HPA, and returns its requests.
func (d *Doctor) metrics(ctx context.Context, hpa *autoscalingv2.HorizontalPodAutoscaler) (questions []question, checks []Check) {
	redis := 0
	for i, metric := range hpa.Spec.Metrics {
		if metric.Type != autoscalingv2.ObjectMetricSourceType || metric.Object == nil {
			continue
		}
		described := metric.Object.DescribedObject
		group, err := schema.ParseGroupVersion(described.APIVersion)
		if err != nil || group.Group != v1alpha1.GroupName {
			if described.Kind == v1alpha1.Kind {
				redis++
				checks = append(checks, HopHPA.failure(DescribedObjectGroup, patchMetric(hpa, i, replaceField("describedObject/apiVersion", v1alpha1.GroupVersion().String())),
					"spec.metrics[%d] describes kind Redis of apiVersion %q.", i, described.APIVersion))
			}
			continue
		}
		redis++
		questions = append(questions, question{
			index: i, redis: described.Name, metric: metric.Object.Metric.Name, selector: metric.Object.Metric.Selector,
			hpa: hpa,
		})
		checks = append(checks, d.targetType(hpa, i, metric.Object))
	}
	if redis == 0 {
		checks = append(checks, HopHPA.failure(NoRedisMetric, patchHPA(hpa, addField("metrics/-", blankMetric(d.onlyRedis(ctx, hpa.Namespace)))), "HPA %s has no metric of a Redis object.", hpa.Name))
	}
	return questions, checks
}

// targetType warns of a total that does not fall as replicas are added, once it has driven the HPA to its
// maximum.
func (d *Doctor) targetType(hpa *autoscalingv2.HorizontalPodAutoscaler, i int, of *autoscalingv2.ObjectMetricSource) Check {
	builtin, known := d.catalog.Lookup(of.Metric.Name)
	sum := known && builtin.Aggregation == catalog.Sum
	if of.Target.Type == autoscalingv2.ValueMetricType && sum && hpa.Status.DesiredReplicas == hpa.Spec.MaxReplicas {
		return HopHPA.warning(TargetValue, patchMetric(hpa, i, replaceField("target", autoscalingv2.MetricTarget{
			Type: autoscalingv2.AverageValueMetricType, AverageValue: of.Target.Value,
		})),
			"spec.metrics[%d] has a target of type Value for a total, and the HPA wants its maximum, %d.", i, hpa.Spec.MaxReplicas)
	}
	return HopHPA.ok("spec.metrics[%d] asks for %s of Redis %s, with a target of type %s.", i, of.Metric.Name, of.DescribedObject.Name, of.Target.Type)
}

// blankMetric returns a metric of a Redis object for a user to fill in.
func blankMetric(redis string) autoscalingv2.MetricSpec {
	return autoscalingv2.MetricSpec{Type: autoscalingv2.ObjectMetricSourceType, Object: &autoscalingv2.ObjectMetricSource{
		DescribedObject: autoscalingv2.CrossVersionObjectReference{APIVersion: v1alpha1.GroupVersion().String(), Kind: v1alpha1.Kind, Name: redis},
		Metric:          autoscalingv2.MetricIdentifier{Name: "METRIC"},
		Target:          autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: resource.NewQuantity(1000, resource.DecimalSI)},
	}}
}

// change is an operation of a JSON patch on a spec.
type change struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

func addField(field string, value any) change { return change{"add", field, value} }

func replaceField(field string, value any) change { return change{"replace", field, value} }

// patchHPA returns the command that changes fields of the spec of an HPA.
func patchHPA(hpa *autoscalingv2.HorizontalPodAutoscaler, changes ...change) string {
	for i := range changes {
		changes[i].Path = "/spec/" + changes[i].Path
	}
	text, err := json.Marshal(changes)
	if err != nil {
		return kubectl(hpa.Namespace, "edit hpa %s", hpa.Name)
	}
	return kubectl(hpa.Namespace, "patch hpa %s --type=json -p '%s'", hpa.Name, text)
}

// patchMetric returns the command that changes fields of a metric of an HPA.
func patchMetric(hpa *autoscalingv2.HorizontalPodAutoscaler, i int, changes ...change) string {
	for j := range changes {
		changes[j].Path = fmt.Sprintf("metrics/%d/object/%s", i, changes[j].Path)
	}
	return patchHPA(hpa, changes...)
}

// conditions returns what the conditions of an HPA show.
func (d *Doctor) conditions(ctx context.Context, hpa *autoscalingv2.HorizontalPodAutoscaler) []Check {
	describe := kubectl(hpa.Namespace, "describe hpa %s", hpa.Name)
	var checks []Check
	if len(hpa.Status.Conditions) == 0 {
		checks = append(checks, HopHPA.warning(NotObserved, kubectl(hpa.Namespace, "wait hpa/%s --for=jsonpath='{.status.conditions}' --timeout=1m", hpa.Name), "The HPA controller has not looked at HPA %s yet.", hpa.Name))
	}
	for _, condition := range hpa.Status.Conditions {
		told := fmt.Sprintf("%s of HPA %s is %s: %s: %s.", condition.Type, hpa.Name, condition.Status, condition.Reason, sentence(condition.Message))
		switch {
		case condition.Type == autoscalingv2.ScalingLimited && condition.Status == corev1.ConditionTrue && condition.Reason == "TooManyReplicas":
			checks = append(checks, HopHPA.warning(ScalingLimited,
				kubectl(hpa.Namespace, `patch hpa %s --type=merge -p '{"spec":{"maxReplicas":MAXIMUM}}'`, hpa.Name), "%s", told))
		case !stuck(condition):
			checks = append(checks, HopHPA.ok("%s", told))
		case condition.Reason == "ScalingDisabled":
			target := hpa.Spec.ScaleTargetRef
			checks = append(checks, HopHPA.failure(ScalingDisabled,
				kubectl(hpa.Namespace, "scale %s/%s --replicas=1", strings.ToLower(target.Kind), target.Name), "%s", told))
		case condition.Reason == "FailedGetScale":
			checks = append(checks, HopHPA.failure(TargetNotFound, patchHPA(hpa, replaceField("scaleTargetRef/name", "NAME")), "%s", told))
		default:
			checks = append(checks, HopHPA.failure(codeOf(condition.Message, troublesOfHPAs(), ScalingInactive), describe, "%s", told))
		}
	}
	return append(checks, d.newestEvent(ctx, hpa, time.Now())...)
}

// stuck reports whether a condition says that an HPA does not scale. Others, such as ScaledToZero, are normally False.
func stuck(c autoscalingv2.HorizontalPodAutoscalerCondition) bool {
	return (c.Type == autoscalingv2.AbleToScale || c.Type == autoscalingv2.ScalingActive) && c.Status != corev1.ConditionTrue
}

// newestEvent returns the newest failure for which the HPA controller has recorded an
// Event.
func (d *Doctor) newestEvent(ctx context.Context, hpa *autoscalingv2.HorizontalPodAutoscaler, now time.Time) []Check {
	var list corev1.EventList
	selector := url.QueryEscape("type=Warning,involvedObject.kind=HorizontalPodAutoscaler,involvedObject.name=" + hpa.Name)
	if err := d.api.Get(ctx, kubeapi.Path("/api/v1", hpa.Namespace, "events?fieldSelector="+selector), &list); err != nil {
		return []Check{HopHPA.unread("the Events of HPA "+hpa.Name, "events -n "+hpa.Namespace, err)}
	}
	if len(list.Items) == 0 {
		return nil
	}
	newest := slices.MaxFunc(list.Items, func(a, b corev1.Event) int { return kubeapi.LastSeen(a).Compare(kubeapi.LastSeen(b)) })
	return []Check{HopHPA.ok("The newest warning is of %s ago: %s: %s.", ago(now.Sub(kubeapi.LastSeen(newest))), newest.Reason, sentence(newest.Message))}
}

// allHPAs summarizes the HPAs that read Redis.
func (d *Doctor) allHPAs(ctx context.Context) []Check {
	var list autoscalingv2.HorizontalPodAutoscalerList
	if err := d.api.Get(ctx, kubeapi.HPAs(""), &list); err != nil {
		return []Check{HopHPA.unread("the HPAs of all namespaces", "hpa -A", err)}
	}
	count := 0
	var names []string
	for i := range list.Items {
		hpa := &list.Items[i]
		if !slices.ContainsFunc(hpa.Spec.Metrics, func(m autoscalingv2.MetricSpec) bool {
			return m.Object != nil && m.Object.DescribedObject.Kind == v1alpha1.Kind
		}) {
			continue
		}
		count++
		if slices.ContainsFunc(hpa.Status.Conditions, stuck) {
			names = append(names, hpa.Namespace+"/"+hpa.Name)
		}
	}
	if len(names) == 0 {
		return []Check{HopHPA.ok("HPAs that read Redis: %d. All of them scale.", count)}
	}
	namespace, name, _ := strings.Cut(names[0], "/")
	return []Check{HopHPA.warning(ScalingInactive, fmt.Sprintf("kubectl redis-metrics doctor hpa/%s -n %s", name, namespace),
		"HPAs that read Redis and do not scale: %d of %d: %s.", len(names), count, some(names))}
}
