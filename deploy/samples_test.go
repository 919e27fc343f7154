package deploy

import (
	"fmt"
	"reflect"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
)

const samples = "samples"

// autoscalers returns both forms of the sample's HorizontalPodAutoscaler, by file.
func autoscalers(t *testing.T) (averageValue, value *autoscalingv2.HorizontalPodAutoscaler) {
	t.Helper()
	found := map[string]*autoscalingv2.HorizontalPodAutoscaler{}
	for _, m := range load(t, samples) {
		if object, ok := m.object.(*autoscalingv2.HorizontalPodAutoscaler); ok {
			found[m.path] = object
		}
	}
	averageValue, value = found["samples/hpa-averagevalue.yaml"], found["samples/hpa-value.yaml"]
	if len(found) != 2 || averageValue == nil || value == nil {
		t.Fatalf("found %d HorizontalPodAutoscalers, want one in each of the two forms", len(found))
	}
	return averageValue, value
}

func TestSampleAutoscalersNameWhatExists(t *testing.T) {
	redis, workload := only[*v1alpha1.Redis](t, samples), all[*appsv1.StatefulSet](t, samples)["app-statefulset"]
	averageValue, value := autoscalers(t)
	for _, hpa := range []*autoscalingv2.HorizontalPodAutoscaler{averageValue, value} {
		metric := hpa.Spec.Metrics[0].Object
		described := schema.FromAPIVersionAndKind(metric.DescribedObject.APIVersion, metric.DescribedObject.Kind)
		if described != v1alpha1.GroupVersion().WithKind(v1alpha1.Kind) || metric.DescribedObject.Name != redis.Name || hpa.Namespace != redis.Namespace {
			t.Errorf("HPA describes %v %s, the sample holds %v %s", described, metric.DescribedObject.Name, v1alpha1.GroupVersion().WithKind(v1alpha1.Kind), redis.Name)
		}
		if metric.Metric.Name != "requests-per-second" {
			t.Errorf("HPA asks for metric %q", metric.Metric.Name)
		}
		target := hpa.Spec.ScaleTargetRef
		if target.APIVersion != "apps/v1" || target.Kind != "StatefulSet" || target.Name != workload.Name || hpa.Namespace != workload.Namespace {
			t.Errorf("HPA scales %+v, the sample holds StatefulSet %s", target, workload.Name)
		}
	}
}

// TestScaledSamplesNameNoReplicas keeps kubectl apply from setting back what an HPA has scaled.
// Source: https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#migrating-deployments-and-statefulsets-to-horizontal-autoscaling
func TestScaledSamplesNameNoReplicas(t *testing.T) {
	scaled := 0
	for _, dir := range []string{samples, "samples-queue"} {
		sets := all[*appsv1.StatefulSet](t, dir)
		for _, hpa := range all[*autoscalingv2.HorizontalPodAutoscaler](t, dir) {
			set := sets[hpa.Spec.ScaleTargetRef.Name]
			if set == nil {
				t.Errorf("%s: HPA %s scales %s, which is not here", dir, hpa.Name, hpa.Spec.ScaleTargetRef.Name)
				continue
			}
			scaled++
			if set.Spec.Replicas != nil {
				t.Errorf("%s: StatefulSet %s has spec.replicas %d, which is the HPA's to set", dir, set.Name, *set.Spec.Replicas)
			}
		}
	}
	if scaled != 2 {
		t.Errorf("%d StatefulSets are scaled, want one in each folder", scaled)
	}
}

func TestSampleAutoscalersDifferInTargetAlone(t *testing.T) {
	averageValue, value := autoscalers(t)
	perReplica, total := &averageValue.Spec.Metrics[0].Object.Target, &value.Spec.Metrics[0].Object.Target
	if perReplica.Type != autoscalingv2.AverageValueMetricType || perReplica.AverageValue.Value() != 1000 {
		t.Errorf("target %+v, want AverageValue 1000", perReplica)
	}
	if total.Type != autoscalingv2.ValueMetricType || total.Value.Value() != 1000 {
		t.Errorf("target %+v, want Value 1000", total)
	}
	*perReplica, *total = autoscalingv2.MetricTarget{}, autoscalingv2.MetricTarget{}
	if !reflect.DeepEqual(averageValue, value) {
		t.Error("the two forms differ in more than the target")
	}
}

func TestSampleRedisIsReached(t *testing.T) {
	redis, service := only[*v1alpha1.Redis](t, samples), all[*corev1.Service](t, samples)["my-redis"]
	want := fmt.Sprintf("%s.%s.svc:%d", service.Name, service.Namespace, service.Spec.Ports[0].Port)
	if redis.Spec.Address != want {
		t.Errorf("address %q, the Service is at %q", redis.Spec.Address, want)
	}
}

func TestSampleStatefulSetsAndServicesAgree(t *testing.T) {
	services := all[*corev1.Service](t, samples)
	for name, set := range all[*appsv1.StatefulSet](t, samples) {
		service := services[set.Spec.ServiceName]
		if service == nil {
			t.Errorf("StatefulSet %s names Service %q, which is not here", name, set.Spec.ServiceName)
			continue
		}
		template := set.Spec.Template.Labels
		if !reflect.DeepEqual(service.Spec.Selector, template) || !reflect.DeepEqual(set.Spec.Selector.MatchLabels, template) {
			t.Errorf("StatefulSet %s and its Service do not select its pods", name)
		}
		for _, port := range service.Spec.Ports {
			if !hasPort(set.Spec.Template.Spec, port.TargetPort.StrVal) {
				t.Errorf("Service %s targets port %q, which no container of StatefulSet %s has", service.Name, port.TargetPort.StrVal, name)
			}
		}
	}
}

func hasPort(pod corev1.PodSpec, name string) bool {
	for _, container := range pod.Containers {
		for _, port := range container.Ports {
			if port.Name == name {
				return true
			}
		}
	}
	return false
}

func TestSamplesStandInOneNamespace(t *testing.T) {
	for _, m := range load(t, samples) {
		if object, ok := m.object.(metav1.Object); ok && object.GetNamespace() != metav1.NamespaceDefault {
			t.Errorf("%s: %s is in namespace %q, want %q written out", m.path, object.GetName(), object.GetNamespace(), metav1.NamespaceDefault)
		}
	}
}
