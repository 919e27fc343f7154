package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/hack/launcher"
)

const delegateAccount = adapterAccount + "-delegate"

// TestDelegation runs ours with prometheus-adapter as its delegate.
func TestDelegation(t *testing.T) {
	t.Parallel()
	if err := launcher.LeftOut(); err != nil {
		t.Skipf("the name of a Service cannot lead to this machine: %v", err)
	}
	h, o := delegatingHarness(t)
	s, server := newSampled(t, h)

	s.listsBoth(t)
	s.judgesWhoAsks(t, o)
	s.scalesByBoth(t, o, server.Addr)
	s.answersAsTheDelegate(t, o)
	s.hidesTheClient(t)
	s.survivesTheDelegate(t, o)
}

// delegatingHarness is a control plane, another adapter and ours.
func delegatingHarness(t *testing.T) (harness, *prometheusAdapter) {
	t.Helper()
	h := emptyHarness(t)
	o := startPrometheusAdapter(t, h)
	h.startAdapter(t, delegating(t, prometheusAdapterHost, o.port, o.caFile))
	return h, o
}

// delegating are the options of an adapter that delegates to a port of this
// machine, by the host name of a Service.
func delegating(t *testing.T, host string, port int, caFile string) cluster.AdapterOptions {
	t.Helper()
	hosts := filepath.Join(t.TempDir(), "hosts")
	if _, err := launcher.NewHosts(hosts, host); err != nil {
		t.Fatal(err)
	}
	name := strings.Split(host, ".")
	return cluster.AdapterOptions{
		Manifests: filepath.Join(repository(t), "deploy", "delegate"),
		Launcher:  launcher.Options{Hosts: hosts}.Command(program(t, "launcher")),
		ExtraArgs: []string{fmt.Sprintf("--delegate-to=%s/%s:%d", name[1], name[0], port), "--delegate-ca-file=" + caFile, "--delegate-server-name="},
	}
}

// raw asks for a path through the API server, for whatever code it answers.
func (s *fixture) raw(ctx context.Context, client kubernetes.Interface, path, accept string) (code int, body []byte) {
	result := client.CoreV1().RESTClient().Get().AbsPath(path).SetHeader("Accept", accept).Do(ctx).StatusCode(&code)
	body, _ = result.Raw()
	return code, body
}

func (s *fixture) listsBoth(t *testing.T) {
	t.Helper()
	for _, version := range versions() {
		eventually(t, 30*time.Second, func(ctx context.Context) error {
			list, err := s.get(ctx, "/apis/custom.metrics.k8s.io/"+version)
			if err == nil && !strings.Contains(string(list), `"redises.redis-metrics.dev/requests-per-second"`) {
				err = fmt.Errorf("%s lists none of ours: %.300s", version, list)
			}
			return errors.Join(err, listsDelegated(0, list))
		})
	}
	eventually(t, 60*time.Second, func(ctx context.Context) error { // the API server reads it again each minute
		out, err := s.Kubectl(ctx, "api-resources", "--api-group=custom.metrics.k8s.io", "--no-headers", "-o", "name")
		for _, want := range []string{"pods.custom", "services.custom", "nodes.custom", "requests-per-second.redises.redis-metrics.dev.custom"} {
			if err != nil || !strings.Contains(out, want) {
				return fmt.Errorf("no %s among %s, %w", want, out, err)
			}
		}
		return nil
	})
}

// answersAsTheDelegate compares each answer through ours with the delegate's own, code
// and body.
func (s *fixture) answersAsTheDelegate(t *testing.T, o *prometheusAdapter) {
	t.Helper()
	token := o.token(t, cluster.AdapterName, cluster.AdapterName+"-delegate")
	inside := "namespaces/" + s.namespace + "/"
	pods, err := s.client.CoreV1().Pods(s.namespace).List(t.Context(), metav1.ListOptions{LabelSelector: "app=by-pods"})
	if err != nil || len(pods.Items) == 0 {
		t.Fatalf("no pods: %v", err)
	}
	pod := inside + "pods/" + pods.Items[0].Name + "/http_requests"
	eventually(t, 30*time.Second, func(ctx context.Context) error { // Prometheus has yet to scrape a new pod
		_, err := s.get(ctx, "/apis/custom.metrics.k8s.io/v1beta2/"+pod)
		return err
	})
	for _, version := range versions() {
		for path, want := range map[string]int{
			inside + "services/web/hits": http.StatusOK, pod: http.StatusOK,
			inside + "pods/*/http_requests": http.StatusOK, inside + "pods/*/http_requests?labelSelector=app%3Dby-pods": http.StatusOK,
			inside + "metrics/queue": http.StatusOK, "nodes/a/load": http.StatusOK,
			inside + "services/web/hits?metricLabelSelector=service%3Dweb": http.StatusOK,
			inside + "services/web/none":                                   http.StatusNotFound, inside + "services/a%3Ab/hits": http.StatusNotFound,
			inside + "services/web/hits?metricLabelSelector=a%3Db": http.StatusNotFound, inside + "pods/*/http_requests?labelSelector=%28": http.StatusBadRequest,
		} {
			for _, accept := range []string{"application/json", "application/vnd.kubernetes.protobuf, */*", "application/yaml"} {
				path := "/apis/custom.metrics.k8s.io/" + version + "/" + path
				if err := s.answersAlike(t, o, token, path, accept, want); err != nil {
					t.Errorf("%s as %s: %v", path, accept, err)
				}
			}
		}
	}
	if users := o.asked(t); !slices.Equal(users, []string{delegateAccount}) {
		t.Errorf("prometheus-adapter saw %q", users)
	}
}

// answersAlike asks between two answers of the delegate that are alike: its values
// are of the second in which they are asked for.
func (s *fixture) answersAlike(t *testing.T, o *prometheusAdapter, token, path, accept string, want int) error {
	t.Helper()
	for range 10 {
		before, first := o.ask(t, token, path, accept)
		code, body := s.request(t, path, accept)
		after, last := o.ask(t, token, path, accept)
		switch {
		case before != want:
			return fmt.Errorf("prometheus-adapter answers %d, want %d: %q", before, want, first)
		case before != after || !bytes.Equal(first, last):
			continue
		case code != before || !bytes.Equal(body, first):
			return fmt.Errorf("answered %d\n%q, by prometheus-adapter %d\n%q", code, body, before, first)
		}
		return nil
	}
	return errors.New("no two answers of prometheus-adapter are alike")
}

// request asks for a path with a query.
func (s *fixture) request(t *testing.T, path, accept string) (code int, body []byte) {
	t.Helper()
	result := s.client.CoreV1().RESTClient().Get().RequestURI(path).SetHeader("Accept", accept).Do(t.Context()).StatusCode(&code)
	body, _ = result.Raw()
	return code, body
}

// judgesWhoAsks has a user without rights and a viewer ask. The delegate is asked by
// neither.
func (s *fixture) judgesWhoAsks(t *testing.T, o *prometheusAdapter) {
	t.Helper()
	s.kubectl(t, "create", "rolebinding", "viewer", "--clusterrole=view", "--user=viewer", "--namespace="+s.namespace)
	eventually(t, 30*time.Second, func(ctx context.Context) error {
		_, err := s.Kubectl(ctx, "get", "--as=viewer", "--raw", s.path("v1beta2", "cart", "keys"))
		return err
	})
	o.asked(t)
	root := "/apis/custom.metrics.k8s.io/v1beta2/namespaces/" + s.namespace + "/"
	for _, user := range []string{"jane", "viewer"} {
		for _, path := range []string{root + "pods/*/http_requests", root + "services/web/hits", root + "metrics/queue"} {
			if out, err := s.Kubectl(t.Context(), "get", "--as="+user, "--raw", path); err == nil || !strings.Contains(err.Error(), "forbidden") {
				t.Errorf("%s reads %s: %s, %v", user, path, out, err)
			}
		}
	}
	// Ours knows for itself what the API server refused before.
	code, body, _ := aggregatorFor(t, s.harness, "jane")(root + "services/web/hits")
	if code != http.StatusForbidden || len(o.asked(t)) > 0 {
		t.Errorf("asked past the API server, jane is answered %d %s", code, body)
	}
	s.kubectl(t, "create", "role", "hits", "--verb=get", "--resource=services.custom.metrics.k8s.io/hits", "--namespace="+s.namespace)
	s.kubectl(t, "create", "rolebinding", "hits", "--role=hits", "--user=jane", "--namespace="+s.namespace)
	eventually(t, 30*time.Second, func(ctx context.Context) error {
		_, err := s.Kubectl(ctx, "get", "--as=jane", "--raw", root+"services/web/hits")
		return err
	})
	if users := o.asked(t); !slices.Equal(users, []string{delegateAccount}) {
		t.Errorf("prometheus-adapter saw %q", users)
	}
}

// scalesByBoth has the stock HPA scale one workload by the delegate's metric of
// pods, one by its metric of a Service, and one by Redis.
func (s *fixture) scalesByBoth(t *testing.T, o *prometheusAdapter, address string) {
	t.Helper()
	target := autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: resource.NewQuantity(100, resource.DecimalSI)}
	for name, metric := range map[string]autoscalingv2.MetricSpec{
		"by-pods": {Type: autoscalingv2.PodsMetricSourceType, Pods: &autoscalingv2.PodsMetricSource{
			Metric: autoscalingv2.MetricIdentifier{Name: "http_requests"}, Target: target,
		}},
		"by-service": {Type: autoscalingv2.ObjectMetricSourceType, Object: &autoscalingv2.ObjectMetricSource{
			DescribedObject: autoscalingv2.CrossVersionObjectReference{APIVersion: "v1", Kind: "Service", Name: "web"},
			Metric:          autoscalingv2.MetricIdentifier{Name: "hits"}, Target: target,
		}},
	} {
		s.workload(t, name, metric)
	}
	drive(t, address, 2500)
	s.apply(t, address, "redis.yaml", "statefulset.yaml", "hpa-averagevalue.yaml")
	s.awaitReplicas(t, 3, scaling)
	for name, want := range map[string]int32{"by-pods": 3, "by-service": 2} {
		eventually(t, scaling, func(ctx context.Context) error { return s.deployed(ctx, name, want) })
	}
	if users := o.asked(t); !slices.Equal(users, []string{delegateAccount}) {
		t.Errorf("prometheus-adapter saw %q", users)
	}
}

// workload makes a Deployment and its HorizontalPodAutoscaler, of up to three replicas.
func (s *fixture) workload(t *testing.T, name string, metric autoscalingv2.MetricSpec) {
	t.Helper()
	app := map[string]string{"app": name}
	meta, one := metav1.ObjectMeta{Name: name, Namespace: s.namespace}, int32(1)
	_, errOf := s.client.AppsV1().Deployments(s.namespace).Create(t.Context(), &appsv1.Deployment{ObjectMeta: meta, Spec: appsv1.DeploymentSpec{
		Replicas: &one, Selector: &metav1.LabelSelector{MatchLabels: app},
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: app}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "app"}}}},
	}}, metav1.CreateOptions{})
	_, err := s.client.AutoscalingV2().HorizontalPodAutoscalers(s.namespace).Create(t.Context(), &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: meta, Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: name},
			MaxReplicas:    3, Metrics: []autoscalingv2.MetricSpec{metric},
		},
	}, metav1.CreateOptions{})
	if err := errors.Join(errOf, err); err != nil {
		t.Fatal(err)
	}
}

func (s *fixture) deployed(ctx context.Context, name string, want int32) error {
	deployment, err := s.client.AppsV1().Deployments(s.namespace).Get(ctx, name, metav1.GetOptions{})
	if err == nil && deployment.Status.ReadyReplicas != want {
		err = fmt.Errorf("%s has %d replicas, %d ready, want %d", name, *deployment.Spec.Replicas, deployment.Status.ReadyReplicas, want)
	}
	return err
}

// survivesTheDelegate suspends the delegate, and then kills it. Our adapter and the cluster
// keep working.
func (s *fixture) survivesTheDelegate(t *testing.T, o *prometheusAdapter) {
	t.Helper()
	hits := "/apis/custom.metrics.k8s.io/v1beta2/namespaces/" + s.namespace + "/services/web/hits"
	for _, signal := range []syscall.Signal{syscall.SIGSTOP, syscall.SIGKILL} {
		if err := o.Signal(signal); err != nil {
			t.Fatal(err)
		}
		eventually(t, time.Minute, func(ctx context.Context) error {
			code, body := s.raw(ctx, s.client, hits, "application/json")
			if code < 500 || !strings.Contains(string(body), "Service monitoring/prometheus-adapter") || strings.Contains(string(body), "127.0.0.1") {
				return fmt.Errorf("answered %d %s", code, body)
			}
			return nil
		})
		throughout(t, 3*syncPeriod, func(ctx context.Context) error {
			began := time.Now()
			if _, err := s.requests(ctx, "cart"); err != nil || time.Since(began) > time.Second {
				return fmt.Errorf("ours took %s, %w", time.Since(began), err)
			}
			return errors.Join(s.available(ctx, older), s.available(ctx, newer), s.set(ctx, "app-statefulset", 3))
		})
	}
	passing := newFixture(t, s.harness)
	s.kubectl(t, "delete", "namespace", passing.namespace, "--wait=true", "--timeout=30s")
	s.listsBoth(t) // what was known
	if code, body, _ := aggregator(t, s.harness)("/readyz"); code != http.StatusOK {
		t.Errorf("/readyz says %d %s", code, body)
	}
}
