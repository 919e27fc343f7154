package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
)

// TestRightsAreThoseUsed compares the roles in deploy/ with what the API server
// saw the adapter do, both ways: nothing was forbidden, and nothing is granted
// that was not used.
func TestRightsAreThoseUsed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	policy, log := filepath.Join(dir, "policy.yaml"), filepath.Join(dir, "audit.log")
	if err := os.WriteFile(policy, []byte(`apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
  users: ["system:serviceaccount:redis-metrics-adapter:redis-metrics-adapter"]
- level: None
`), 0o600); err != nil {
		t.Fatal(err)
	}
	h := ownHarness(t, func(o *cluster.Options) {
		o.ExtraArgs = map[string][]string{cluster.APIServer: {"--audit-policy-file=" + policy, "--audit-log-path=" + log}}
	})
	everyFeature(t, h)

	used := map[string]bool{}
	for _, event := range auditEvents(t, log) {
		right := event.right()
		if right == "" {
			continue
		}
		if event.ResponseStatus.Code == 403 {
			t.Errorf("the adapter was forbidden to %s", right)
		}
		used[right] = true
	}
	granted := grants(t, h)
	for right := range used {
		if !granted[right] {
			t.Errorf("the adapter may %s by no rule of deploy/", right)
		}
	}
	for _, right := range slices.Sorted(maps.Keys(granted)) {
		if !used[right] {
			t.Errorf("the adapter never needed to %s", right)
		}
	}
	t.Logf("rights granted and used: %q", slices.Sorted(maps.Keys(granted)))
}

// everyFeature makes the adapter do all that it can.
func everyFeature(t *testing.T, h harness) {
	t.Helper()
	s, server := newSampled(t, h)
	// A person asks: the adapter has to have the API server authorize that.
	user := h.kubeconfigFor(t, "jane")
	if out, err := h.Kubectl(t.Context(), "--kubeconfig="+user, "get", "--raw", s.path("v1beta2", "cart", "keys")); err == nil {
		t.Errorf("who has no right at all may read %s", out)
	}
	s.awaitCondition(t, 15*time.Second, "cart", "Ready", "True", "")
	// An Event that repeats is patched.
	for range 2 {
		server.Kill()
		s.awaitCondition(t, 40*time.Second, "cart", "Ready", "False", "")
		server.Restart()
		s.awaitCondition(t, 40*time.Second, "cart", "Ready", "True", "")
	}
	// A caBundle that someone broke is mended, and so is a Secret.
	s.kubectl(t, "patch", "apiservice", "v1beta2.custom.metrics.k8s.io", "--type=merge", "-p", `{"spec":{"caBundle":null,"insecureSkipTLSVerify":true}}`)
	s.kubectl(t, "patch", "apiservice", "v1beta2.custom.metrics.k8s.io", "--type=merge", "-p", `{"spec":{"insecureSkipTLSVerify":false}}`)
	s.kubectl(t, "patch", "secret", "redis-metrics-adapter-tls", "-n", cluster.AdapterName, "--type=merge", "-p", `{"data":{"tls.crt":""}}`)
	eventually(t, 60*time.Second, func(ctx context.Context) error {
		bundle, err := h.apiService(ctx, newer, "{.spec.caBundle}")
		if err == nil && bundle == "" {
			err = fmt.Errorf("caBundle is empty")
		}
		return err
	})
	eventually(t, 60*time.Second, func(ctx context.Context) error {
		secret, err := h.client.CoreV1().Secrets(cluster.AdapterName).Get(ctx, servingSecret, metav1.GetOptions{})
		if err == nil && len(secret.Data["tls.crt"]) == 0 {
			err = fmt.Errorf("tls.crt is empty")
		}
		return err
	})
	awaitRequests(t, s, "cart")
	// Against an API server that cannot stream a list, informers list.
	if _, err := h.StartAdapter(t.Context(), cluster.AdapterOptions{
		Name: "redis-metrics-adapter-1", Standby: true, ExtraEnv: []string{"KUBE_FEATURE_WatchListClient=false"},
	}); err != nil {
		t.Fatal(err)
	}
}

// auditEvent is what of an audit event is looked at.
type auditEvent struct {
	Verb           string
	ObjectRef      struct{ APIGroup, Resource, Subresource, Namespace, Name string }
	ResponseStatus struct{ Code int }
}

// right writes an event as grants writes a rule. What every client may do, and
// what delegated authentication needs, is not the adapter's own.
func (e auditEvent) right() string {
	resource := e.ObjectRef.Resource
	if e.ObjectRef.Subresource != "" {
		resource += "/" + e.ObjectRef.Subresource
	}
	switch {
	case resource == "", e.ObjectRef.Namespace == "kube-system",
		resource == "subjectaccessreviews", resource == "tokenreviews":
		return ""
	}
	name := e.ObjectRef.Name
	if !slices.Contains([]string{"secrets", "leases", "apiservices", "validatingadmissionpolicies", "validatingadmissionpolicybindings"}, resource) {
		name = ""
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s.%s %s", e.Verb, resource, e.ObjectRef.APIGroup, name))
}

func auditEvents(t *testing.T, path string) []auditEvent {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var events []auditEvent
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var event auditEvent
		if err := json.Unmarshal(lines.Bytes(), &event); err != nil {
			t.Fatal(err)
		}
		events = append(events, event)
	}
	if err := lines.Err(); err != nil || len(events) < 20 {
		t.Fatalf("%d audit events, %v", len(events), err)
	}
	return events
}

// grants lists what the adapter's own roles let it do.
func grants(t *testing.T, h harness) map[string]bool {
	t.Helper()
	wide, err := h.client.RbacV1().ClusterRoles().Get(t.Context(), cluster.AdapterName, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	own, err := h.client.RbacV1().Roles(cluster.AdapterName).Get(t.Context(), cluster.AdapterName, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	granted := map[string]bool{}
	for _, rule := range slices.Concat(wide.Rules, own.Rules) {
		for _, right := range rights(rule) {
			granted[right] = true
		}
	}
	return granted
}

func rights(rule rbacv1.PolicyRule) []string {
	names := rule.ResourceNames
	if len(names) == 0 {
		names = []string{""}
	}
	var all []string
	for _, verb := range rule.Verbs {
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				for _, name := range names {
					all = append(all, strings.TrimSpace(fmt.Sprintf("%s %s.%s %s", verb, resource, group, name)))
				}
			}
		}
	}
	return all
}
