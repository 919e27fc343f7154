package servingcert

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"maps"
	"net"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/json"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

const (
	testNamespace = "metrics"
	testService   = "redis-metrics-adapter"
	testSecret    = "redis-metrics-adapter-tls"
	testHost      = testService + "." + testNamespace + ".svc"
	v1beta1Name   = "v1beta1.custom.metrics.k8s.io"
	v1beta2Name   = "v1beta2.custom.metrics.k8s.io"

	testCAValidity      = 12 * time.Hour
	testServingValidity = 3 * time.Hour
)

// cluster is client-go's fakes with the optimistic concurrency that they lack.
type cluster struct {
	t       *testing.T
	client  *fake.Clientset
	dynamic *dynamicfake.FakeDynamicClient

	mu      sync.Mutex
	version int
	foreign map[string]bool // as the Observer heard last
}

func newCluster(t *testing.T, apiServices ...*unstructured.Unstructured) *cluster {
	t.Helper()
	objects := make([]runtime.Object, 0, len(apiServices))
	for _, one := range apiServices {
		objects = append(objects, one)
	}
	c := &cluster{
		t:       t,
		client:  fake.NewClientset(emptySecret()),
		foreign: map[string]bool{},
		dynamic: dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(),
			map[schema.GroupVersionResource]string{apiServiceResource: "APIServiceList"}, objects...),
	}
	c.client.PrependReactor("update", "secrets", c.stampSecret)
	c.dynamic.PrependReactor("patch", "apiservices", c.checkPatch)
	return c
}

// emptySecret is the Secret as the manifests make it.
func emptySecret() *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: testNamespace, Name: testSecret}}
}

func (c *cluster) nextVersion() string {
	c.version++
	return strconv.Itoa(c.version)
}

func (c *cluster) stampSecret(action clienttesting.Action) (bool, runtime.Object, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	secret := action.(clienttesting.UpdateAction).GetObject().(*corev1.Secret).DeepCopy()
	stored, err := c.client.Tracker().Get(action.GetResource(), secret.Namespace, secret.Name)
	if err != nil {
		return true, nil, err
	}
	if stored.(*corev1.Secret).ResourceVersion != secret.ResourceVersion {
		return true, nil, apierrors.NewConflict(action.GetResource().GroupResource(), secret.Name, errors.New("changed"))
	}
	secret.ResourceVersion = c.nextVersion()
	return true, secret, c.client.Tracker().Update(action.GetResource(), secret, secret.Namespace)
}

// checkPatch refuses a patch whose resourceVersion is old, and gives the object a new one.
func (c *cluster) checkPatch(action clienttesting.Action) (bool, runtime.Object, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	patch := action.(clienttesting.PatchAction)
	var want unstructured.Unstructured
	if err := json.Unmarshal(patch.GetPatch(), &want.Object); err != nil {
		return true, nil, err
	}
	stored, err := c.dynamic.Tracker().Get(apiServiceResource, "", patch.GetName())
	if err != nil {
		return true, nil, err
	}
	current := stored.(*unstructured.Unstructured).DeepCopy()
	if want.GetResourceVersion() != current.GetResourceVersion() || want.GetUID() != current.GetUID() {
		return true, nil, apierrors.NewConflict(apiServiceResource.GroupResource(), patch.GetName(), errors.New("changed"))
	}
	spec := current.Object["spec"].(map[string]any)
	for field, value := range want.Object["spec"].(map[string]any) {
		if spec[field] = value; value == nil {
			delete(spec, field)
		}
	}
	current.SetResourceVersion(c.nextVersion())
	return true, current, c.dynamic.Tracker().Update(apiServiceResource, current, "")
}

func (c *cluster) config() Config {
	c.t.Helper()
	return Config{Client: c.client, Registration: c.registration(v1beta1Name, v1beta2Name), SecretName: testSecret}
}

func (c *cluster) manager(mutate ...func(*Manager)) *Manager {
	c.t.Helper()
	m := New(c.config())
	m.issuer.caValidity, m.issuer.servingValidity = testCAValidity, testServingValidity
	for _, change := range mutate {
		change(m)
	}
	return m
}

func (c *cluster) registration(names ...string) *Registration {
	c.t.Helper()
	return NewRegistration(RegistrationConfig{
		Dynamic: c.dynamic, Observer: c, Namespace: testNamespace, ServiceName: testService, APIServices: names,
	})
}

// States says for each APIService how the latest look found it; it is empty before the first.
func (r *Registration) States() map[string]APIServiceState {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.states)
}

// APIService makes the cluster an Observer.
func (c *cluster) APIService(name string, foreign bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.foreign[name] = foreign
}

// brief makes a test that spans several authorities short.
func brief(m *Manager) { m.issuer.caValidity, m.issuer.servingValidity = 3*time.Hour, time.Hour }

func (c *cluster) mustPass(m *Manager) {
	c.t.Helper()
	if err := m.reconcile(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
}

func (c *cluster) secret() *corev1.Secret {
	c.t.Helper()
	secret, err := c.client.CoreV1().Secrets(testNamespace).Get(c.t.Context(), testSecret, metav1.GetOptions{})
	if err != nil {
		c.t.Fatal(err)
	}
	return secret
}

func (c *cluster) putSecret(data map[string][]byte) {
	c.t.Helper()
	secret := c.secret()
	secret.Data = data
	if _, err := c.client.CoreV1().Secrets(testNamespace).Update(c.t.Context(), secret, metav1.UpdateOptions{}); err != nil {
		c.t.Fatal(err)
	}
}

func (c *cluster) deleteSecret() {
	c.t.Helper()
	if err := c.client.CoreV1().Secrets(testNamespace).Delete(c.t.Context(), testSecret, metav1.DeleteOptions{}); err != nil {
		c.t.Fatal(err)
	}
}

// createSecret makes the Secret again, as applying the manifests does.
func (c *cluster) createSecret() {
	c.t.Helper()
	if _, err := c.client.CoreV1().Secrets(testNamespace).Create(c.t.Context(), emptySecret(), metav1.CreateOptions{}); err != nil {
		c.t.Fatal(err)
	}
}

func (c *cluster) apiService(name string) *unstructured.Unstructured {
	c.t.Helper()
	found, err := c.dynamic.Resource(apiServiceResource).Get(c.t.Context(), name, metav1.GetOptions{})
	if err != nil {
		c.t.Fatal(err)
	}
	return found
}

func (c *cluster) caBundle(name string) []byte {
	c.t.Helper()
	encoded, _, _ := unstructured.NestedString(c.apiService(name).Object, "spec", "caBundle")
	decoded, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		c.t.Fatal(err)
	}
	return decoded
}

func apiService(name, namespace, service string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiregistration.k8s.io/v1",
		"kind":       "APIService",
		"metadata":   map[string]any{"name": name, "uid": "uid-of-" + name, "resourceVersion": "1"},
		"spec": map[string]any{
			"group":   "custom.metrics.k8s.io",
			"service": map[string]any{"namespace": namespace, "name": service},
		},
	}}
}

func ownAPIServices() []*unstructured.Unstructured {
	return []*unstructured.Unstructured{
		apiService(v1beta1Name, testNamespace, testService),
		apiService(v1beta2Name, testNamespace, testService),
	}
}

func servedLeaf(t *testing.T, m *Manager) *x509.Certificate {
	t.Helper()
	certPEM, keyPEM := m.CurrentCertKeyContent()
	keyPair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		t.Fatal(err)
	}
	return keyPair.Leaf
}

// handshake is what the aggregator does with a caBundle: a TLS handshake that verifies the Service's name.
func handshake(server *tls.Config, bundlePEM []byte) error {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(bundlePEM)
	near, far := net.Pipe()
	defer near.Close()
	served := make(chan error, 1)
	go func() {
		defer far.Close()
		served <- tls.Server(far, server).Handshake()
	}()
	client := tls.Client(near, &tls.Config{RootCAs: roots, ServerName: testHost, MinVersion: tls.VersionTLS12})
	err := client.HandshakeContext(context.Background())
	// Without a read the server could not deliver its session ticket through the unbuffered pipe.
	if err == nil {
		go func() { _, _ = io.Copy(io.Discard, near) }()
	} else {
		near.Close()
	}
	return errors.Join(err, <-served)
}

// elapse lets the bubble's clock go on.
func elapse(duration time.Duration) { <-time.After(duration) }

// start calls Run and returns a function that ends it.
func start(t *testing.T, m *Manager) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		m.Run(ctx)
	}()
	return func() {
		cancel()
		<-ended
	}
}

func authorities(bundlePEM []byte) int { return len(decodeBundle(bundlePEM)) }

func verbs(actions []clienttesting.Action) []string {
	var seen []string
	for _, action := range actions {
		if !slices.Contains(seen, action.GetVerb()) {
			seen = append(seen, action.GetVerb())
		}
	}
	slices.Sort(seen)
	return seen
}
