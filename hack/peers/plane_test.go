package peers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

const (
	// namespace is where workloads are, and systemNamespace where the Services of peers are.
	namespace, systemNamespace = "peers", "peers-system"
	// syncPeriod is how often the HPA controller reads each metric, as upstream.
	syncPeriod = 15 * time.Second
	// asking bounds one request for a metric. The HPA controller's own client has no bound.
	asking = 5 * time.Second
	// learning bounds how long a peer may take until it serves all workloads.
	learning = 5 * time.Minute
	// writers is how many objects are written at a time.
	writers = 16
)

// plane is a control plane with the real HPA controller, on which one peer runs.
type plane struct {
	*cluster.Cluster
	client  kubernetes.Interface
	objects dynamic.Interface
	// programs are the processes of the peer.
	programs []program
}

// newPlane starts a control plane, and a peer that serves no workload yet. The versions of its programs are added to the
// result.
func newPlane(b *testing.B, p peer, result *Result) *plane {
	b.Helper()
	started, err := cluster.Start(b.Context(), cluster.Options{
		Log: os.Stderr, HPASyncPeriod: syncPeriod, Nodes: 8,
		// What is measured is when a metric takes effect, and not how long an HPA holds back.
		HPADownscaleStabilization: time.Second,
	})
	if err != nil {
		b.Fatal(err)
	}
	all := &plane{Cluster: started}
	b.Cleanup(func() {
		for _, program := range all.programs {
			result.addVersion(program)
			if b.Failed() {
				b.Logf("the end of the log of %s:\n%s", program.name, program.LogTail(30))
			}
		}
		if err := errors.Join(started.Err(), started.Stop()); err != nil {
			b.Error(err)
		}
	})
	config := started.Config()
	config.WarningHandlerWithContext = rest.NoWarnings{}
	config.UserAgent = "bench-peers"
	if all.client, err = kubernetes.NewForConfig(config); err != nil {
		b.Fatal(err)
	}
	if all.objects, err = dynamic.NewForConfig(config); err != nil {
		b.Fatal(err)
	}
	for _, name := range []string{namespace, systemNamespace} {
		_, err := all.client.CoreV1().Namespaces().Create(b.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
		if err != nil {
			b.Fatal(err)
		}
	}
	p.start(b, all)
	return all
}

// certificates writes a certificate for hosts as ca.crt, tls.crt and tls.key, good for servers and clients.
func certificates(b *testing.B, dir string, hosts ...string) {
	b.Helper()
	authority := redistest.NewAuthority(b)
	certificate, key := authority.Issue(time.Now().Add(12*time.Hour), hosts...)
	writeFile(b, dir+"/ca.crt", string(authority.PEM))
	writeFile(b, dir+"/tls.crt", string(certificate))
	writeFile(b, dir+"/tls.key", string(key))
}

func parsed(b *testing.B, document string) *unstructured.Unstructured {
	b.Helper()
	object := &unstructured.Unstructured{}
	if err := sigsyaml.Unmarshal([]byte(document), &object.Object); err != nil {
		b.Fatalf("%v:\n%s", err, document)
	}
	return object
}

func documents(text string) []string {
	return strings.Split(strings.TrimPrefix(text, "---\n"), "---\n")
}

// apply makes the StatefulSets of workloads, and applies what a user writes to scale them.
func (p *plane) apply(b *testing.B, all []workload, manifests func(workload) string) {
	b.Helper()
	writing, ctx := errgroup.WithContext(b.Context())
	writing.SetLimit(writers)
	done := map[string]bool{}
	for _, w := range all {
		for _, document := range documents(cluster.StatefulSet(w.name()) + manifests(w)) {
			if done[document] {
				continue
			}
			done[document] = true
			object := parsed(b, document)
			resource, _ := meta.UnsafeGuessKindToResource(object.GroupVersionKind())
			client := p.objects.Resource(resource).Namespace(namespace)
			writing.Go(func() error {
				var err error
				if object.GetKind() == "StatefulSet" { // to apply it again would take back what it was scaled to
					_, err = client.Create(ctx, object, metav1.CreateOptions{})
					if apierrors.IsAlreadyExists(err) {
						err = nil
					}
				} else {
					_, err = client.Apply(ctx, object.GetName(), object, metav1.ApplyOptions{FieldManager: "user", Force: true})
				}
				if err != nil {
					err = fmt.Errorf("%s %s: %w", object.GetKind(), object.GetName(), err)
				}
				return err
			})
		}
	}
	if err := writing.Wait(); err != nil {
		b.Fatal(err)
	}
}

// value requests a metric as the HPA controller does, but not in its name: the adapter follows the rhythm of the
// controller's requests.
func (p *plane) value(ctx context.Context, path string) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, asking)
	defer cancel()
	body, err := p.client.Discovery().RESTClient().Get().RequestURI(path).MaxRetries(0).Do(ctx).Raw()
	if err != nil {
		return 0, err
	}
	var list struct {
		Items []struct{ Value resource.Quantity }
	}
	if err := json.Unmarshal(body, &list); err != nil {
		return 0, err
	}
	if len(list.Items) != 1 {
		return 0, fmt.Errorf("%d values, want 1", len(list.Items))
	}
	return list.Items[0].Value.AsApproximateFloat64(), nil
}

// objectPath is where the API serves a metric of an object.
func objectPath(resource, name, metricName string) string {
	return fmt.Sprintf("/apis/custom.metrics.k8s.io/v1beta2/namespaces/%s/%s/%s/%s", namespace, resource, name, metricName)
}

// awaitValues waits until each workload has a value.
func (p *plane) awaitValues(b *testing.B, of peer, all []workload) {
	b.Helper()
	for _, w := range all {
		eventually(b, learning, w.name()+" has a value", func(ctx context.Context) error {
			_, err := p.value(ctx, of.path(w))
			return err
		})
	}
}

// eventually waits until something is so, and ends the test if it is not in time.
func eventually(b *testing.B, within time.Duration, what string, so func(context.Context) error) {
	b.Helper()
	var last error
	err := wait.PollUntilContextTimeout(b.Context(), 100*time.Millisecond, within, true, func(ctx context.Context) (bool, error) {
		last = so(ctx)
		return last == nil, nil
	})
	if err != nil {
		b.Fatalf("waited %s in vain until %s: %v", within, what, errors.Join(err, last))
	}
}

// until looks until something is so, or returns why ctx ended.
func until(ctx context.Context, every time.Duration, so func() bool) error {
	return wait.PollUntilContextCancel(ctx, every, true, func(context.Context) (bool, error) { return so(), nil })
}
