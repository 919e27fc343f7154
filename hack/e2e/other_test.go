package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spf13/pflag"
	authenticationv1 "k8s.io/api/authentication/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/client-go/kubernetes"
	"k8s.io/metrics/pkg/apis/custom_metrics"
	basecmd "sigs.k8s.io/custom-metrics-apiserver/pkg/cmd"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

const otherHost = "prometheus-adapter.monitoring.svc"

// other is another adapter on the same library, with metrics of pods, a Service,
// a node and namespaces. A process can have one: the library registers its own
// metrics once.
type other struct {
	client kubernetes.Interface
	caFile string
	ca     []byte
	port   int
	stop   func()

	hangs atomic.Bool

	mu    sync.Mutex
	users map[string]int // who asked, and how often
}

// startOther starts it with a certificate for the name of a Service.
func startOther(t *testing.T, c *cluster.Cluster, client kubernetes.Interface) *other {
	t.Helper()
	dir, authority := t.TempDir(), redistest.NewAuthority(t)
	o := &other{client: client, caFile: filepath.Join(dir, "ca.crt"), ca: authority.PEM, users: map[string]int{}}
	certificate, key := authority.Issue(time.Now().Add(12*time.Hour), otherHost)
	for name, data := range map[string][]byte{"ca.crt": authority.PEM, "tls.crt": certificate, "tls.key": key} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if o.port, err = cluster.FreePort(); err != nil {
		t.Fatal(err)
	}
	adapter := &basecmd.AdapterBase{Name: "other-adapter", FlagSet: pflag.NewFlagSet("other", pflag.ContinueOnError)}
	if err := adapter.Flags().Parse([]string{
		"--lister-kubeconfig=" + c.Kubeconfig(), "--authentication-kubeconfig=" + c.Kubeconfig(), "--authorization-kubeconfig=" + c.Kubeconfig(),
		"--bind-address=127.0.0.1", "--secure-port=" + strconv.Itoa(o.port),
		"--tls-cert-file=" + filepath.Join(dir, "tls.crt"), "--tls-private-key-file=" + filepath.Join(dir, "tls.key"),
	}); err != nil {
		t.Fatal(err)
	}
	adapter.WithCustomMetrics(o)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- adapter.Run(ctx) }()
	o.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the other adapter: %v", err)
		}
	})
	t.Cleanup(o.stop)
	return o
}

// asked returns who has asked since the last look.
func (o *other) asked() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	users := slices.Sorted(maps.Keys(o.users))
	clear(o.users)
	return users
}

func (o *other) ListAllMetrics() []provider.CustomMetricInfo {
	of := func(resource, metric string, namespaced bool) provider.CustomMetricInfo {
		return provider.CustomMetricInfo{GroupResource: schema.ParseGroupResource(resource), Namespaced: namespaced, Metric: metric}
	}
	return []provider.CustomMetricInfo{
		of("services", "hits", true), of("pods", "http_requests", true), of("nodes", "load", false), of("namespaces", "queue", false),
	}
}

// hear notes who asks, and holds the request while the adapter hangs.
func (o *other) hear(ctx context.Context) error {
	user, _ := request.UserFrom(ctx)
	o.mu.Lock()
	o.users[user.GetName()]++
	o.mu.Unlock()
	if o.hangs.Load() {
		<-ctx.Done()
	}
	return ctx.Err()
}

func (o *other) GetMetricByName(ctx context.Context, name types.NamespacedName, info provider.CustomMetricInfo, _ labels.Selector) (*custom_metrics.MetricValue, error) {
	if err := o.hear(ctx); err != nil {
		return nil, err
	}
	if info.Metric == "none" {
		return nil, provider.NewMetricNotFoundForError(info.GroupResource, info.Metric, name.Name)
	}
	value := o.value(name, info)
	return &value, nil
}

func (o *other) GetMetricBySelector(ctx context.Context, namespace string, selector labels.Selector, info provider.CustomMetricInfo, _ labels.Selector) (*custom_metrics.MetricValueList, error) {
	if err := o.hear(ctx); err != nil {
		return nil, err
	}
	pods, err := o.client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: selector.String()})
	if err != nil {
		return nil, err
	}
	list := &custom_metrics.MetricValueList{}
	for _, pod := range pods.Items {
		list.Items = append(list.Items, o.value(types.NamespacedName{Namespace: namespace, Name: pod.Name}, info))
	}
	return list, nil
}

// value is 200 at an instant that does not move, so that two answers are alike.
func (o *other) value(name types.NamespacedName, info provider.CustomMetricInfo) custom_metrics.MetricValue {
	kinds := map[string]string{"pods": "Pod", "services": "Service", "nodes": "Node", "namespaces": "Namespace"}
	return custom_metrics.MetricValue{
		DescribedObject: custom_metrics.ObjectReference{APIVersion: "v1", Kind: kinds[info.GroupResource.Resource], Namespace: name.Namespace, Name: name.Name},
		Metric:          custom_metrics.MetricIdentifier{Name: info.Metric},
		Timestamp:       metav1.Unix(1_800_000_000, 0),
		Value:           *resource.NewQuantity(200, resource.DecimalSI),
	}
}

// direct asks it past our adapter, as the account that our adapter asks it as.
func (o *other) direct(t *testing.T, path, accept string) (code int, body []byte) {
	t.Helper()
	token, err := o.client.CoreV1().ServiceAccounts(cluster.AdapterName).CreateToken(t.Context(), cluster.AdapterName+"-delegate", &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	authorities := x509.NewCertPool()
	authorities.AppendCertsFromPEM(o.ca)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authorities, ServerName: otherHost, MinVersion: tls.VersionTLS12}}
	defer transport.CloseIdleConnections()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("https://127.0.0.1:%d%s", o.port, path), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token.Status.Token)
	r.Header.Set("Accept", accept)
	response, err := (&http.Client{Transport: transport}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if body, err = io.ReadAll(response.Body); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, body
}
