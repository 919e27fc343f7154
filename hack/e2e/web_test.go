package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/metrics/pkg/apis/custom_metrics/v1beta2"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

const webPassword = "sesame-web-87"

// TestWebPage opens the page of "top --web" in a browser while the HPA scales, and holds what is drawn against the API.
func TestWebPage(t *testing.T) {
	t.Parallel()
	chromium := findChromium(t)
	s := newFixture(t, shared)
	server := redistest.New(t)
	driver := drive(t, server.Addr, 900)
	s.redisWithPassword(t, server)
	s.apply(t, server.Addr, "statefulset.yaml", "hpa-averagevalue.yaml")
	s.awaitReplicas(t, 1, scaling)
	served := s.values(t)

	command := s.serveWeb(t)
	tab := openPage(t, chromium, command.url)
	tab.eventually(t, 30*time.Second, func(p drawn) error { return s.agrees(t, p, 1) })
	driver.SetRate(2500)
	s.awaitReplicas(t, 3, scaling)
	tab.eventually(t, 30*time.Second, func(p drawn) error { return s.agrees(t, p, 3) })

	// A Redis that hangs is a gap with a reason, never 0.
	server.Signal(syscall.SIGSTOP)
	defer server.Signal(syscall.SIGCONT)
	tab.eventually(t, maxAge+3*interval, func(p drawn) error {
		if p.Value[len(p.Value)-1] != nil || !strings.Contains(p.Readout, "unknown") || !strings.Contains(p.Readout, "more than maxAge 15s") {
			return fmt.Errorf("the value is not unknown: %s", p.Readout)
		}
		return nil
	})
	server.Signal(syscall.SIGCONT)
	driver.SetRate(900)
	s.awaitReplicas(t, 1, scaling+3*15*time.Second)
	last := tab.eventually(t, 30*time.Second, func(p drawn) error { return s.agrees(t, p, 1) })

	first := slices.IndexFunc(last.Value, func(value *float64) bool { return value != nil })
	if slices.Index(last.Value[first:], nil) < 0 {
		t.Error("there is no gap among the values")
	}
	for _, value := range last.Value {
		if value != nil && !served.has(*value) {
			t.Errorf("the page draws %v, which the API did not serve", *value)
		}
	}
	s.eventsAreShown(t, last)
	tab.keyboard(t)
	reloaded := tab.reload(t)
	if len(reloaded.Times) < len(last.Times) || reloaded.Times[0] != last.Times[0] {
		t.Errorf("%d readings after a reload, from %v on; before %d, from %v on", len(reloaded.Times), reloaded.Times[0], len(last.Times), last.Times[0])
	}
	tab.colours(t)
	tab.loopbackOnly(t, command.url)
	tab.noSecret(t, command)
	s.newToken(t, tab, command)
}

// redisWithPassword has the adapter sample a server as a user with a password.
func (s *fixture) redisWithPassword(t *testing.T, server *redistest.Server) {
	t.Helper()
	server.Do("acl", "setuser", "metrics", "on", ">"+webPassword, "resetkeys", "-@all", "+info", "+echo", "+select", "+client|setname")
	s.kubectl(t, "create", "secret", "generic", "my-redis-auth", "-n", s.namespace, "--from-literal=password="+webPassword)
	s.kubectl(t, "create", "role", "my-redis-auth", "-n", s.namespace, "--verb=get", "--resource=secrets", "--resource-name=my-redis-auth")
	s.kubectl(t, "create", "rolebinding", "my-redis-auth", "-n", s.namespace, "--role=my-redis-auth", "--serviceaccount="+cluster.AdapterName+":"+cluster.AdapterName)
	s.redisOf(t, "my-redis", map[string]any{
		"address": server.Addr,
		"auth":    map[string]any{"username": "metrics", "passwordSecretRef": map[string]any{"name": "my-redis-auth"}},
	}, nil)
}

// servedValues are what the API served while a test ran.
type servedValues struct {
	mu     sync.Mutex
	values map[float64]bool
}

func (v *servedValues) has(value float64) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.values[value]
}

// values asks the API for the value of the sample's metric several times a second, until the test ends.
func (s *fixture) values(t *testing.T) *servedValues {
	t.Helper()
	served := &servedValues{values: map[float64]bool{}}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(200 * time.Millisecond)
		defer ticker.Stop()
		for {
			if list, err := s.ask(ctx, "my-redis", "requests-per-second"); err == nil {
				served.mu.Lock()
				served.values[float64(list.Items[0].Value.MilliValue())/1000] = true
				served.mu.Unlock()
			}
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return served
}

// agrees says how the newest numbers that are drawn differ from what the API says.
func (s *fixture) agrees(t *testing.T, p drawn, replicas int32) error {
	raw, err := s.Kubectl(t.Context(), "get", "--raw", s.path("v1beta2", "my-redis", "requests-per-second"))
	if err != nil {
		return err
	}
	var list v1beta2.MetricValueList
	if err := json.Unmarshal([]byte(raw), &list); err != nil || len(list.Items) != 1 {
		return fmt.Errorf("%s: %w", raw, err)
	}
	served := list.Items[0].Value
	h, _, err := s.hpa(t.Context())
	if err != nil {
		return err
	}
	set, err := s.client.AppsV1().StatefulSets(s.namespace).Get(t.Context(), "app-statefulset", metav1.GetOptions{})
	if err != nil {
		return err
	}
	newest := len(p.Times) - 1
	value, target, ready, desired := p.Value[newest], p.Target[newest], p.Ready[newest], p.Desired[newest]
	if value == nil || target == nil || ready == nil || desired == nil {
		return fmt.Errorf("the newest numbers are not known: %s", p.Readout)
	}
	perReplica := h.Spec.Metrics[0].Object.Target.AverageValue.MilliValue() / 1000
	switch {
	case *value != float64(served.MilliValue())/1000:
		return fmt.Errorf("the value drawn is %v, the API serves %s", *value, served.String())
	case *target != float64(perReplica*int64(h.Status.CurrentReplicas)) || h.Status.CurrentReplicas != replicas:
		return fmt.Errorf("the target drawn is %v, the HPA has %d for each of %d replicas", *target, perReplica, h.Status.CurrentReplicas)
	case *desired != float64(h.Status.DesiredReplicas) || h.Status.DesiredReplicas != replicas:
		return fmt.Errorf("%v desired replicas are drawn, the HPA has %d", *desired, h.Status.DesiredReplicas)
	case *ready != float64(set.Status.ReadyReplicas) || set.Status.ReadyReplicas != replicas:
		return fmt.Errorf("%v ready replicas are drawn, the StatefulSet has %d", *ready, set.Status.ReadyReplicas)
	case !strings.Contains(p.About, "StatefulSet app-statefulset · min 1 · max 5"):
		return fmt.Errorf("the section says %q", p.About)
	}
	return nil
}

// eventsAreShown holds that each Event of the HPA stands in the page.
func (s *fixture) eventsAreShown(t *testing.T, p drawn) {
	t.Helper()
	events, err := s.client.CoreV1().Events(s.namespace).List(t.Context(), metav1.ListOptions{FieldSelector: "involvedObject.kind=HorizontalPodAutoscaler"})
	if err != nil {
		t.Fatal(err)
	}
	rescaled := 0
	for _, event := range events.Items {
		if event.Reason == "SuccessfulRescale" {
			rescaled++
		}
		if !slices.ContainsFunc(p.Events, func(row []string) bool {
			return row[1] == event.Type && row[2] == event.Reason && row[3] == event.Message
		}) && event.Type == corev1.EventTypeNormal {
			t.Errorf("the page lacks the Event %s: %s", event.Reason, event.Message)
		}
	}
	if rescaled < 2 {
		t.Errorf("the HPA has %d Events of scaling", rescaled)
	}
}
