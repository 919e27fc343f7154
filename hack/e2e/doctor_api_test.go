package e2e

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// requireAddress makes it a failure that a machine has loopback addresses alone.
const requireAddress = "REQUIRE_ADDRESS"

// apiTroubles befall the installation. Each leaves nothing that the next would have to mend.
func apiTroubles() []trouble {
	const rules = "patch clusterrole redis-metrics-adapter --type=json -p "
	service := "patch service " + cluster.AdapterName + " -n " + cluster.AdapterName + " --type=merge -p "
	return []trouble{
		{code: "PolicyMissing", bring: admin("delete validatingadmissionpolicybinding redis-metrics-adapter-secrets")},
		{code: "ViewForbidden", bring: admin("delete clusterrole redis-metrics-adapter-view")},
		{code: "ControllerForbidden", bring: forbidController},
		{
			code:  "AdapterForbidden",
			bring: admin(rules + `[{"op":"test","path":"/rules/1/resources","value":["redises/status"]},{"op":"replace","path":"/rules/1/verbs","value":["get"]}]`),
		},
		{code: "LeaseNotHeld", bring: admin("delete lease redis-metrics-adapter -n redis-metrics-adapter")},
		{code: "CAExpires", bring: expiringCA},
		{code: "CertificateExpires", bring: expiredCertificate, end: func(t *testing.T, s *fixture, row trouble) {
			t.Helper()
			s.kubectl(t, "apply", "-f", filepath.Join(repository(t), "deploy", "base", "rbac.yaml"))
			route(t, s, row)
		}},
		{code: "DiscoveryStale", bring: hideDiscovery, end: route},
		{code: "ReplicasDisagree", bring: failEverySecond, end: route},
		{code: "AdapterNotReady", bring: replicas("adapter:1", "adapter:1 unready"), end: noReplicas},
		{code: "AdapterVersions", bring: replicas("adapter:1", "adapter:2"), end: noReplicas},
		{code: "AdapterUnreachable", bring: replicas("adapter:1", "adapter:1 unreachable"), end: noReplicas},
		{code: "MissingEndpoints", bring: func(t *testing.T, s *fixture, row trouble) {
			t.Helper()
			port := s.kubectl(t, "get", "apiservice", newer, "-o", "jsonpath={.spec.service.port}")
			admin(service+`{"spec":{"type":"ClusterIP","externalName":null,"selector":{"app":"none"},"ports":[{"port":`+port+`}]}}`)(t, s, row)
		}, end: admin(service + `{"spec":{"type":"ExternalName","externalName":"localhost","selector":null,"ports":null,"clusterIP":null,"clusterIPs":null}}`)},
		{
			code: "APIServiceUnavailable", bring: func(t *testing.T, s *fixture, row trouble) {
				t.Helper()
				s.routeToPort(t, "443") // of the Service in deploy/
				admin("delete service redis-metrics-adapter -n redis-metrics-adapter")(t, s, row)
			},
			next: "MissingEndpoints", // no pods run here
			end: func(t *testing.T, s *fixture, row trouble) {
				t.Helper()
				admin("delete service redis-metrics-adapter -n redis-metrics-adapter")(t, s, row)
				admin("create service externalname redis-metrics-adapter --external-name=localhost -n redis-metrics-adapter")(t, s, row)
				admin(service+`{"spec":{"selector":null}}`)(t, s, row)
				route(t, s, row)
			},
		},
		{code: "APIServiceMissing", bring: admin("delete apiservice " + newer), next: "AdapterUnreachable"},
	}
}

// TestDoctorOfTheAPI has the installation fail in each of the ways that troubleshooting.md lists, and shows that a
// namespace cannot be deleted without a server.
func TestDoctorOfTheAPI(t *testing.T) {
	t.Parallel()
	h := ownHarness(t)
	s, _ := newSampled(t, h)
	t.Run("no trouble", s.healthyInstallation)
	t.Run("overview", s.problems)
	t.Run("not observed", s.notObserved)
	t.Run("old Kubernetes", s.oldKubernetes)
	for _, row := range apiTroubles() {
		t.Run(row.code, func(t *testing.T) { s.trouble(t, row, "hpa/app") })
	}
	route(t, s, trouble{})
	t.Run("another authority", s.anotherAuthority)
	t.Run("no CustomResourceDefinition", s.noKind)
	t.Run("no server", s.noServer)
}

// problems has the overview of a healthy installation name what is not well.
func (s *fixture) problems(t *testing.T) {
	const broken = `{"apiVersion":"apiregistration.k8s.io/v1","kind":"APIService","metadata":{"name":"v1.example.com"},"spec":{
		"group":"example.com","version":"v1","groupPriorityMinimum":100,"versionPriority":100,"service":{"namespace":"none","name":"none"}}}`
	s.kubectlInput(t, broken, "create", "-f", "-")
	s.mend(t, s.diagnosed(t, "OtherAPIServiceUnavailable"))
	s.healthy(t)
	s.redis(t, "gone", "redis.example:6379", nil)
	s.awaitCondition(t, 15*time.Second, "gone", "Ready", "False", "NameNotResolved")
	check := s.diagnosed(t, "NotReady")
	command, err := s.command(t.Context(), s.Kubeconfig(), "/bin/sh", "-ec", check.Command)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := command.CombinedOutput(); command.ProcessState.ExitCode() != 2 || !strings.Contains(string(out), "First: NameNotResolved.") {
		t.Errorf("%s: %v\n%s", check.Command, err, out)
	}
	s.kubectl(t, "delete", "redis", "gone", "-n", s.namespace)
	s.healthy(t)
}

// oldKubernetes puts a proxy before the API server that reports an older version.
func (s *fixture) oldKubernetes(t *testing.T) {
	transport, err := rest.TransportFor(s.Config())
	if err != nil {
		t.Fatal(err)
	}
	target, err := url.Parse(s.Config().Host)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = transport
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/version" {
			_, _ = io.WriteString(w, `{"major":"1","minor":"29","gitVersion":"v1.29.3"}`)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	defer server.Close()
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(clientcmdapi.Config{
		Clusters:       map[string]*clientcmdapi.Cluster{"old": {Server: server.URL}},
		Contexts:       map[string]*clientcmdapi.Context{"old": {Cluster: "old"}},
		CurrentContext: "old",
	}, kubeconfig); err != nil {
		t.Fatal(err)
	}
	d, err := s.doctorAs(t.Context(), kubeconfig, "--pre")
	if err := errors.Join(err, d.names("KubernetesTooOld")); err != nil {
		t.Error(err)
	}
}

// notObserved has the HPA controller stand still.
func (s *fixture) notObserved(t *testing.T) {
	controller := s.Process(cluster.ControllerManager)
	if err := controller.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = controller.Signal(syscall.SIGCONT) }()
	s.autoscaler(t, "unseen", "redis-metrics.dev/v1alpha1", "cart", "keys")
	unseen := s.diagnosed(t, "NotObserved", "hpa/unseen")
	if err := controller.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	s.mend(t, unseen) // it waits
	s.healthy(t, "hpa/unseen")
}

// admin runs a command of kubectl, whose arguments hold no spaces.
func admin(command string) func(*testing.T, *fixture, trouble) {
	return func(t *testing.T, s *fixture, _ trouble) {
		t.Helper()
		s.kubectl(t, strings.Fields(command)...)
	}
}

// route sends requests to the adapter, whose port is another than the one in deploy/.
func route(t *testing.T, s *fixture, _ trouble) {
	t.Helper()
	if err := s.adapter.Route(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// forbidController takes from the HPA controller the right to read metrics.
func forbidController(t *testing.T, s *fixture, _ trouble) {
	t.Helper()
	roles := s.client.RbacV1().ClusterRoles()
	role, err := roles.Get(t.Context(), "system:controller:horizontal-pod-autoscaler", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	role.Rules = slices.DeleteFunc(role.Rules, func(rule rbacv1.PolicyRule) bool { return slices.Contains(rule.APIGroups, "custom.metrics.k8s.io") })
	if _, err := roles.Update(t.Context(), role, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// forbidCA takes the right to write caBundle from the adapter, and writes another there.
func (s *fixture) forbidCA(t *testing.T, bundle []byte) {
	t.Helper()
	s.kubectl(t, "patch", "clusterrole", cluster.AdapterName, "--type=json", "-p",
		`[{"op":"test","path":"/rules/3/resources","value":["apiservices"]},{"op":"replace","path":"/rules/3/verbs","value":["get"]}]`)
	s.kubectl(t, "patch", "apiservice", newer, "--type=merge", "-p",
		fmt.Sprintf(`{"spec":{"caBundle":%q}}`, base64.StdEncoding.EncodeToString(bundle)))
}

// expiringCA adds a certificate that ends soon to the CA of the adapter.
func expiringCA(t *testing.T, s *fixture, _ trouble) {
	t.Helper()
	own, err := base64.StdEncoding.DecodeString(s.kubectl(t, "get", "apiservice", newer, "-o", "jsonpath={.spec.caBundle}"))
	if err != nil {
		t.Fatal(err)
	}
	ending, _ := redistest.NewAuthority(t).Issue(time.Now().Add(24 * time.Hour))
	s.forbidCA(t, slices.Concat(own, ending))
}

// hideDiscovery answers no request for discovery but the one by which the API server sees that the adapter is available,
// which accepts anything.
func hideDiscovery(t *testing.T, s *fixture, _ trouble) {
	t.Helper()
	s.refuse(t, http.StatusServiceUnavailable, func(r *http.Request) bool {
		return r.Header.Get("X-Remote-User") == "system:kube-aggregator" && r.Header.Get("Accept") != ""
	})
}

// failEverySecond has people, but not the HPA controller, read a value every second time.
func failEverySecond(t *testing.T, s *fixture, _ trouble) {
	t.Helper()
	var values atomic.Int32
	s.refuse(t, http.StatusNotFound, func(r *http.Request) bool {
		return strings.Contains(r.URL.Path, "/namespaces/") && !strings.HasPrefix(r.Header.Get("X-Remote-User"), "system:") && values.Add(1)%2 == 0
	})
}

// expiredCertificate has a server whose certificate has expired stand where the adapter is.
func expiredCertificate(t *testing.T, s *fixture, _ trouble) {
	t.Helper()
	authority := redistest.NewAuthority(t)
	certificate, err := tls.X509KeyPair(authority.Issue(time.Now().Add(-time.Minute), s.adapter.ServerName()))
	if err != nil {
		t.Fatal(err)
	}
	s.forbidCA(t, authority.PEM)
	s.stand(t, certificate, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})) // an older API server asks nevertheless
}

// stand sends the requests of the API server to a handler.
func (s *fixture) stand(t *testing.T, certificate tls.Certificate, handler http.Handler) {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	server.StartTLS()
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s.routeToPort(t, port)
}

// refuse stands between the API server and the adapter, and answers some requests with a status of its own.
func (s *fixture) refuse(t *testing.T, status int, refused func(*http.Request) bool) {
	t.Helper()
	serving := s.servingData(t)
	certificate, err := tls.X509KeyPair(serving["tls.crt"], serving["tls.key"])
	if err != nil {
		t.Fatal(err)
	}
	adapter, err := url.Parse(s.adapter.BaseURL())
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(adapter) },
		Transport: frontProxy(t, s.harness).Transport,
	}
	s.stand(t, certificate, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if refused(r) {
			w.WriteHeader(status)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
}

// routeToPort sends requests to another port of the Service.
func (s *fixture) routeToPort(t *testing.T, port string) {
	t.Helper()
	for _, name := range []string{older, newer} {
		s.kubectl(t, "patch", "apiservice", name, "--type=merge", "-p", `{"spec":{"service":{"port":`+port+`}}}`)
	}
}

// replicas has the Service select pods of an image each. Nothing runs in them: a server of this machine answers the
// API server in their place.
func replicas(images ...string) func(*testing.T, *fixture, trouble) {
	return func(t *testing.T, s *fixture, _ trouble) {
		t.Helper()
		address := proxyable(t)
		listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", net.JoinHostPort(address, "0"))
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		server.Listener.Close()
		server.Listener = listener
		server.StartTLS()
		t.Cleanup(server.Close)
		for i, image := range images {
			image, state, _ := strings.Cut(image, " ")
			port := listener.Addr().(*net.TCPAddr).Port
			if state == "unreachable" {
				port = 1
			}
			s.replica(t, fmt.Sprintf("replica-%d", i), image, address, port, state != "unready")
		}
		s.kubectl(t, "patch", "service", cluster.AdapterName, "-n", cluster.AdapterName, "--type=merge", "-p", `{"spec":{"selector":{"app":"replica"}}}`)
	}
}

// replica makes a pod that no node runs.
func (s *fixture) replica(t *testing.T, name, image, address string, port int, ready bool) {
	t.Helper()
	const manifest = `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": %q, "labels": {"app": "replica"}}, "spec": {"schedulerName": "none",
		"securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}}, "containers": [{"name": "adapter", "image": %q,
			"ports": [{"containerPort": %d}], "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}}]}}`
	s.kubectlInput(t, fmt.Sprintf(manifest, name, image, port), "create", "-n", cluster.AdapterName, "-f", "-")
	status := corev1.ConditionFalse
	if ready {
		status = corev1.ConditionTrue
	}
	pods := s.client.CoreV1().Pods(cluster.AdapterName)
	eventually(t, 10*time.Second, func(ctx context.Context) error { // the API server writes a status too
		pod, err := pods.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		pod.Status.PodIP, pod.Status.PodIPs = address, []corev1.PodIP{{IP: address}}
		pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: status}}
		_, err = pods.UpdateStatus(ctx, pod, metav1.UpdateOptions{})
		return err
	})
}

// proxyable is an address of this machine to which the API server proxies: not a loopback one.
func proxyable(t *testing.T) string {
	t.Helper()
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, each := range addresses {
		if network, ok := each.(*net.IPNet); ok && network.IP.IsGlobalUnicast() {
			return network.IP.String()
		}
	}
	const lacks = "this machine has loopback addresses alone, to which the API server does not proxy"
	if os.Getenv(requireAddress) != "" {
		t.Fatal(lacks)
	}
	t.Skip(lacks)
	return ""
}

func noReplicas(t *testing.T, s *fixture, _ trouble) {
	t.Helper()
	s.kubectl(t, "patch", "service", cluster.AdapterName, "-n", cluster.AdapterName, "--type=merge", "-p", `{"spec":{"selector":null}}`)
	s.kubectl(t, "delete", "pods", "-l", "app=replica", "-n", cluster.AdapterName, "--force")
}

// unavailable waits until an APIService is unavailable for a reason.
func (s *fixture) unavailable(t *testing.T, reason string, says quotation) {
	t.Helper()
	eventually(t, time.Minute, func(ctx context.Context) error {
		out, err := s.apiService(ctx, newer, `{range .status.conditions[?(@.type=="Available")]}{.status} {.reason} {.message}{end}`)
		if err == nil && !strings.HasPrefix(out, "False "+reason+" ") {
			err = fmt.Errorf("Available is %q, want False %s", out, reason)
		}
		return errors.Join(err, says.in(out))
	})
}

// anotherAuthority takes the right to write caBundle from the adapter, and writes another there.
func (s *fixture) anotherAuthority(t *testing.T) {
	s.forbidCA(t, redistest.NewAuthority(t).PEM)
	if !lacks(t, 36, "the API server reports an APIService with a wrong `caBundle` as available, and requests fail") {
		s.unavailable(t, "FailedDiscoveryCheck", quoted(t, "x509: certificate signed by unknown authority"))
	}
	eventually(t, 30*time.Second, func(context.Context) error {
		return quoted(t, "Certificates are not current, trying again").in(s.adapter.LogTail(wholeLog))
	})
	s.mend(t, s.diagnosed(t, "CertificateUntrusted", "hpa/app"))
	eventually(t, time.Minute, func(ctx context.Context) error {
		_, err := s.requests(ctx, "cart")
		return err
	})
}

// noKind deletes the CustomResourceDefinition.
func (s *fixture) noKind(t *testing.T) {
	s.kubectl(t, "delete", "crd", redisCRD)
	s.awaitSaid(t, time.Minute, "app", `no matches for kind "Redis" in group "redis-metrics.dev"`)
	s.mend(t, s.diagnosed(t, "KindMissing", "hpa/app"))
	s.diagnosed(t, "RedisNotFound", "hpa/app")
}

// noServer ends the adapter, and deletes a namespace and then the APIServices, as deploy/README.md says.
func (s *fixture) noServer(t *testing.T) {
	if err := s.adapter.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.unavailable(t, "FailedDiscoveryCheck", quoted(t, "connection refused"))
	s.diagnosed(t, "AdapterUnreachable", "hpa/app")
	s.kubectl(t, "create", "namespace", "blocked")
	s.kubectl(t, "delete", "namespace", "blocked", "--wait=false")
	want := quoted(t, "NamespaceDeletionDiscoveryFailure")
	eventually(t, 30*time.Second, func(ctx context.Context) error {
		out, err := s.field(ctx, "/api/v1/namespaces/blocked", "{.status.conditions}")
		return errors.Join(err, want.in(out))
	})
	s.diagnosed(t, "AdapterUnreachable")
	s.kubectl(t, "delete", "-f", filepath.Join(repository(t), "deploy", "base", "apiservices.yaml"))
	s.kubectl(t, "wait", "--for=delete", "namespace/blocked", "--timeout=60s")
}
