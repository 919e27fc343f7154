package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/jsonpath"
	"k8s.io/metrics/pkg/apis/custom_metrics/v1beta2"

	"github.com/redis-metrics/redis-metrics-adapter/hack/traffic"
	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// fixture is a namespace of a test, with what the samples of deploy/ put there.
type fixture struct {
	harness
	namespace string
	reader    string // the kubeconfig of who runs doctor, of the administrator if it is empty
}

// newFixture makes a namespace that goes with the test.
func newFixture(t *testing.T, h harness) *fixture {
	t.Helper()
	created, err := h.client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "e2e-"},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s := &fixture{harness: h, namespace: created.Name}
	t.Cleanup(func() {
		_ = h.client.CoreV1().Namespaces().Delete(context.WithoutCancel(t.Context()), s.namespace, metav1.DeleteOptions{})
	})
	return s
}

// newSampled makes a fixture with a Redis object cart, whose rates are served.
func newSampled(t *testing.T, h harness) (*fixture, *redistest.Server) {
	t.Helper()
	s, server := newFixture(t, h), redistest.New(t)
	s.redis(t, "cart", server.Addr, nil)
	awaitRequests(t, s, "cart")
	return s, server
}

// apply applies files of deploy/samples in the fixture's namespace, with the Redis
// object at an address. Nothing else of the samples is changed.
func (s *fixture) apply(t *testing.T, address string, files ...string) {
	t.Helper()
	s.applyFrom(t, "samples", address, files...)
}

func (s *fixture) applyFrom(t *testing.T, folder, address string, files ...string) {
	t.Helper()
	for _, file := range files {
		path := filepath.Join(repository(t), "deploy", folder, file)
		text := s.kubectl(t, "create", "--dry-run=client", "-f", path, "-o", "json", "--validate=false")
		var objects []*unstructured.Unstructured
		for decoder := json.NewDecoder(strings.NewReader(text)); decoder.More(); {
			one := &unstructured.Unstructured{}
			if err := decoder.Decode(&one.Object); err != nil {
				t.Fatal(err)
			}
			one.SetNamespace(s.namespace)
			if one.GetKind() == "Redis" {
				if err := unstructured.SetNestedField(one.Object, address, "spec", "address"); err != nil {
					t.Fatal(err)
				}
			}
			objects = append(objects, one)
		}
		if err := s.Apply(t.Context(), objects); err != nil {
			t.Fatal(err)
		}
	}
}

// redis creates a Redis object with default sampling.
func (s *fixture) redis(t *testing.T, name, address string, labels map[string]string) {
	t.Helper()
	s.redisOf(t, name, map[string]any{"address": address}, labels)
}

// redisOf creates a Redis object, or replaces its spec.
func (s *fixture) redisOf(t *testing.T, name string, spec map[string]any, labels map[string]string) {
	t.Helper()
	redis := object("redis-metrics.dev/v1alpha1", "Redis", s.namespace, name, spec)
	redis.SetLabels(labels)
	body, err := redis.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	err = s.client.CoreV1().RESTClient().Patch(types.ApplyPatchType).AbsPath(s.redisPath(name)).Body(body).
		Param("fieldManager", "deploy").Param("force", "true").Param("fieldValidation", "Strict").Do(t.Context()).Error()
	if err != nil {
		t.Fatal(err)
	}
}

// redisPath is where a Redis object is served.
func (s *fixture) redisPath(name string) string {
	return "/apis/redis-metrics.dev/v1alpha1/namespaces/" + s.namespace + "/redises/" + name
}

func (h harness) kubectl(t *testing.T, args ...string) string {
	t.Helper()
	return h.kubectlInput(t, "", args...)
}

// kubectlInput runs kubectl with a standard input, for "-f -".
func (h harness) kubectlInput(t *testing.T, input string, args ...string) string {
	t.Helper()
	out, err := h.KubectlInput(t.Context(), strings.NewReader(input), args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// kubeconfigFor returns the path of a user's kubeconfig.
func (h harness) kubeconfigFor(t *testing.T, user string) string {
	t.Helper()
	path, err := h.KubeconfigForUser(user)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// answersRights asks "kubectl auth can-i" each question for a user.
func (h harness) answersRights(t *testing.T, user string, questions map[string]bool) {
	t.Helper()
	for question, want := range questions {
		answer := "no"
		if want {
			answer = "yes"
		}
		h.eventuallyEverywhere(t, 5*time.Second, func(ctx context.Context, server string) error {
			out, _ := h.Kubectl(ctx, append([]string{"auth", "can-i", server, "--as=" + user}, strings.Fields(question)...)...) // it fails where the answer is no
			if !strings.HasPrefix(out, answer) {
				return fmt.Errorf("can %s %s: %q, want %s", user, question, out, answer)
			}
			return nil
		})
	}
}

// field returns fields of the object at a path, as "kubectl get -o jsonpath" prints them. A test that waits reads them
// several times a second, which by kubectl would take a tenth of a processor.
func (h harness) field(ctx context.Context, path, template string) (string, error) {
	body, err := raw(ctx, h.client.CoreV1().RESTClient().Get().AbsPath(path))
	if err != nil {
		return "", err
	}
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(body); err != nil {
		return "", err
	}
	fields := jsonpath.New("field").AllowMissingKeys(true)
	if err := fields.Parse(template); err != nil {
		return "", err
	}
	var text strings.Builder
	err = fields.Execute(&text, object.Object)
	return text.String(), err
}

// apiService returns fields of an APIService.
func (h harness) apiService(ctx context.Context, name, template string) (string, error) {
	return h.field(ctx, "/apis/apiregistration.k8s.io/v1/apiservices/"+name, template)
}

// available returns an error unless an APIService is available.
func (h harness) available(ctx context.Context, name string) error {
	status, err := h.apiService(ctx, name, `{.status.conditions[?(@.type=="Available")].status}`)
	if err == nil && status != "True" {
		err = fmt.Errorf("APIService %s is available: %q", name, status)
	}
	return err
}

// redisField returns fields of a Redis object.
func (s *fixture) redisField(ctx context.Context, name, template string) (string, error) {
	return s.field(ctx, s.redisPath(name), template)
}

// path is where a metric of a Redis object is served.
func (s *fixture) path(version, name, metric string) string {
	return fmt.Sprintf("/apis/custom.metrics.k8s.io/%s/namespaces/%s/redises.redis-metrics.dev/%s/%s", version, s.namespace, name, metric)
}

// ask asks for the values of a metric, through the API server as the HPA does.
func (s *fixture) ask(ctx context.Context, name, metric string) (*v1beta2.MetricValueList, error) {
	body, err := raw(ctx, s.client.CoreV1().RESTClient().Get().AbsPath(s.path("v1beta2", name, metric)))
	if err != nil {
		return nil, err
	}
	list := &v1beta2.MetricValueList{}
	if err := json.Unmarshal(body, list); err != nil {
		return nil, err
	}
	if len(list.Items) == 0 {
		return nil, errors.New("the answer holds no value")
	}
	return list, nil
}

// raw returns the body of an answer in JSON, or the error that the server says.
func raw(ctx context.Context, request *rest.Request) ([]byte, error) {
	result := request.SetHeader("Accept", "application/json").Do(ctx)
	if err := result.Error(); err != nil {
		return nil, err
	}
	return result.Raw()
}

// requests asks for requests-per-second of one object.
func (s *fixture) requests(ctx context.Context, name string) (verifier.Answer, error) {
	answer := verifier.Answer{Object: name, Metric: verifier.RequestsPerSecond, Asked: time.Now()}
	list, err := s.ask(ctx, name, answer.Metric)
	if err != nil {
		return answer, err
	}
	answer.Answered = time.Now()
	item := list.Items[0]
	answer.Value, answer.At = item.Value.AsApproximateFloat64(), item.Timestamp.Time
	answer.Window = time.Duration(*item.WindowSeconds) * time.Second
	return answer, nil
}

// verifying compares the requests of an object with what is known to be sent to its server, once for each sample. The
// second function that it returns fails the test if a value is wrong, or if fewer samples could be compared than wanted.
func verifying(t *testing.T, object string, truth *verifier.Truth) (add func(verifier.Answer), verified func(samples int)) {
	v := verifier.New(verifier.Defaults())
	v.Expect(object, []verifier.Expectation{verifier.SoleLoad()})
	v.Bind(object, verifier.Span{}, truth)
	last := time.Time{}
	add = func(answer verifier.Answer) {
		if answer.At.After(last) {
			v.Add(answer)
			last = answer.At
		}
	}
	return add, func(samples int) {
		t.Helper()
		report := v.Close()
		if report.Checked < samples || report.Violations > 0 {
			t.Errorf("%s, want %d values at least; wrong: %q", report, samples, report.Wrong)
		}
	}
}

// hpa returns the sample's HorizontalPodAutoscaler, and why it does not read its metric, empty if it does.
func (s *fixture) hpa(ctx context.Context) (*autoscalingv2.HorizontalPodAutoscaler, string, error) {
	hpa, err := s.client.AutoscalingV2().HorizontalPodAutoscalers(s.namespace).Get(ctx, "app-hpa", metav1.GetOptions{})
	if err != nil {
		return nil, "", err
	}
	for _, condition := range hpa.Status.Conditions {
		if condition.Type == autoscalingv2.ScalingActive && condition.Status != corev1.ConditionTrue {
			return hpa, condition.Reason, nil
		}
	}
	return hpa, "", nil
}

// replicas returns how many replicas a StatefulSet is asked to have.
func (s *fixture) replicas(ctx context.Context, name string) (int32, error) {
	set, err := s.client.AppsV1().StatefulSets(s.namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return 0, err
	}
	return *set.Spec.Replicas, nil
}

// scale says with how many replicas the StatefulSet begins, as the README of deploy/ does.
func (s *fixture) scale(t *testing.T, replicas int) {
	t.Helper()
	s.kubectl(t, "scale", "statefulset/app-statefulset", "--namespace="+s.namespace, fmt.Sprintf("--replicas=%d", replicas))
}

// awaitReplicas waits until the StatefulSet has that many ready pods.
func (s *fixture) awaitReplicas(t *testing.T, want int32, within time.Duration) {
	t.Helper()
	eventually(t, within, func(ctx context.Context) error { return s.set(ctx, "app-statefulset", want) })
}

// set says how a StatefulSet differs from one with that many ready pods.
func (s *fixture) set(ctx context.Context, name string, want int32) error {
	set, err := s.client.AppsV1().StatefulSets(s.namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if *set.Spec.Replicas != want || set.Status.ReadyReplicas != want {
		return fmt.Errorf("%d replicas, %d ready, want %d", *set.Spec.Replicas, set.Status.ReadyReplicas, want)
	}
	return nil
}

// load is a driver that sends, and what is known of it.
type load struct {
	*traffic.Driver
	truth *verifier.Truth
	// stop returns why it could not send.
	stop func() error
}

// drive sends traffic to a Redis until the test ends.
func drive(t *testing.T, address string, perSecond int) load {
	t.Helper()
	sent := sending(t, traffic.New(address), perSecond)
	t.Cleanup(func() {
		if err := sent.stop(); err != nil {
			t.Error(err)
		}
	})
	return sent
}

// sending has a driver send until it is stopped.
func sending(t *testing.T, driver *traffic.Driver, perSecond int) load {
	t.Helper()
	driver.SetRate(perSecond)
	truth := &verifier.Truth{}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- driver.Run(ctx, truth.Answered) }()
	return load{driver, truth, func() error {
		cancel()
		return <-done
	}}
}

// eventually repeats a look until it finds nothing wrong, and fails the test with what it found last. It rests twice as
// long as a look takes, because most looks that take long run programs, and other tests need the processors.
func eventually(t *testing.T, within time.Duration, look func(ctx context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	var last error
	for {
		began := time.Now()
		err := look(ctx)
		if err == nil {
			return
		}
		if ctx.Err() == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			t.Fatalf("not within %s: %v", within, last)
		case <-time.After(max(200*time.Millisecond, 2*time.Since(began))):
		}
	}
}

// eventuallyEverywhere repeats a look at each API server until it finds nothing wrong there: where there are two, one may
// know a right or a policy that the other does not know yet. The look passes server, a flag, on to kubectl.
func (h harness) eventuallyEverywhere(t *testing.T, within time.Duration, look func(ctx context.Context, server string) error) {
	t.Helper()
	for url := range h.APIServers() {
		eventually(t, within, func(ctx context.Context) error { return look(ctx, "--server="+url) })
	}
}

// throughout repeats a look for a time and fails the test at the first thing it finds wrong.
func throughout(t *testing.T, lasting time.Duration, look func(ctx context.Context) error) {
	t.Helper()
	end := time.Now().Add(lasting)
	err := wait.PollUntilContextCancel(t.Context(), 200*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		if err := look(ctx); err != nil {
			return false, err
		}
		return time.Now().After(end), nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
