package server

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	apidiscoveryv2 "k8s.io/api/apidiscovery/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apiserver/pkg/endpoints/discovery/aggregated"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/component-base/metrics"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/delegate"
)

const (
	apiRoot    = "/apis/custom.metrics.k8s.io/v1beta2/"
	podsMetric = apiRoot + "namespaces/shop/pods/*/http_requests"
)

// other is a delegate that fails at length.
type other struct {
	listed []metav1.APIResource
	notify func()
}

func (o *other) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Via", delegate.Via)
	w.WriteHeader(http.StatusNotFound)
	_, _ = io.WriteString(w, strings.Repeat("x", 2*errorBytes))
}

func (o *other) Resources(version string) []metav1.APIResource {
	if version == "v1beta1" {
		return nil
	}
	return o.listed
}

func (o *other) OnListed(listed func()) {
	o.notify = listed
	listed()
}

func metricsOf(names ...string) (found []metav1.APIResource) {
	for _, name := range names {
		found = append(found, metav1.APIResource{Name: name, Namespaced: !strings.HasPrefix(name, "namespaces/"), Kind: "MetricValueList", Verbs: metav1.Verbs{"get"}})
	}
	return found
}

// routed answers as a server with a delegate does, but for who may ask. What is
// ours is answered 418.
func routed(o *other) http.Handler {
	own := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	all := routes{own: own, listed: provider.NewCustomMetricResourceLister(anything{}), delegate: o}
	return withBoundedErrors(withMetricAlias(requestCheck{delegates: true}.filter(all)))
}

func TestOnlyMetricsOfOtherResourcesAreDelegated(t *testing.T) {
	handler := routed(&other{})
	answer := func(path string) (code int, byOther bool) {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if byOther = w.Header().Get("Via") != ""; byOther && w.Body.Len() != 2*errorBytes {
			t.Errorf("the other's error about %s is one of %d bytes", path, w.Body.Len())
		}
		return w.Code, byOther
	}
	for _, path := range []string{
		podsMetric,
		podsMetric + "?metricLabelSelector=(&labelSelector=(",
		strings.Replace(podsMetric, "v1beta2", "v1beta1", 1),
		apiRoot + "nodes/a/load",
		apiRoot + "nodes%2fa/load", // which is the path above
		apiRoot + "namespaces/shop/metrics/queue",
		apiRoot + "namespaces/shop/ingresses.networking.k8s.io/web/hits:rate_5m",
		apiRoot + "namespaces/*/pods/*/http_requests",
		apiRoot + "namespaces/shop/redises/cart/keys",
		apiRoot + "namespaces/shop/redises.redis-metrics.dev.evil.dev/cart/keys",
	} {
		if code, byOther := answer(path); code != http.StatusNotFound || !byOther {
			t.Errorf("%s is answered %d, by the other: %t", path, code, byOther)
		}
	}
	for path, want := range map[string]int{
		"/livez": http.StatusTeapot, "/apis": http.StatusTeapot, "/apis/custom.metrics.k8s.io": http.StatusTeapot, "/openapi/v2": http.StatusTeapot,
		metricPath: http.StatusTeapot,
		apiRoot + "namespaces/shop/keys.redises.redis-metrics.dev/cart":      http.StatusTeapot,
		apiRoot + "redises.redis-metrics.dev/cart/keys":                      http.StatusTeapot,
		apiRoot + "namespaces/shop/keys.redises.redis-metrics.dev/cart/keys": http.StatusNotFound,
		apiRoot + "namespaces/shop/redis.redis-metrics.dev/cart/keys":        http.StatusNotFound,
		apiRoot + "namespaces/shop/redises.redis-metrics.dev/CART/keys":      http.StatusBadRequest,
		strings.Replace(podsMetric, "v1beta2", "v1", 1):                      http.StatusNotFound,
	} {
		if code, byOther := answer(path); code != want || byOther {
			t.Errorf("%s is answered %d, by the other: %t", path, code, byOther)
		}
	}
}

func TestAPathThatMayMeanTwoThingsIsNotDelegated(t *testing.T) {
	handler := routed(&other{})
	for _, inside := range []string{
		"pods", "pods/a", "pods/a/b/c", "pods//b", "pods/a/", "/pods/a/b", "pods/../b", "pods/a/..", "pods/./b", "pods/a%20b/c", "pods/a/%c3%a9",
		"namespaces", "namespaces/shop", "namespaces/shop/metrics", "namespaces/shop/queue", "namespaces/shop/pods/a", "namespaces/shop/pods/a/b/c",
		"namespaces//pods/a/b", "namespaces/shop/status/a/b", "namespaces/shop/finalize/a/b", "namespaces/shop/metrics/queue/", "watch/pods/a", "proxy/pods/a",
		"pods/a/" + strings.Repeat("b", 254),
	} {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, apiRoot+inside, nil))
		if w.Code != http.StatusNotFound && w.Code != http.StatusBadRequest || w.Header().Get("Via") != "" {
			t.Errorf("%q is answered %d %v", inside, w.Code, w.Header())
		}
	}
	for method, code := range map[string]int{"POST": 405, "DELETE": 405, "HEAD": 405} {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(method, podsMetric, nil))
		if w.Code != code {
			t.Errorf("%s is answered %d", method, w.Code)
		}
	}
}

func TestALoopEnds(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, podsMetric, nil)
	r.Header.Set("Via", delegate.Via)
	w := httptest.NewRecorder()
	routed(&other{}).ServeHTTP(w, r)
	if w.Code != http.StatusLoopDetected || !strings.Contains(w.Body.String(), "--delegate-to") {
		t.Errorf("answered %d %s", w.Code, w.Body)
	}
}

// hanging is a delegate that answers nothing until it is released.
type hanging struct {
	other
	release chan struct{}
}

func (h *hanging) ServeHTTP(http.ResponseWriter, *http.Request) { <-h.release }

// TestDirectRequestsDoNotWaitForTheDelegate has more of them hang than there are
// turns.
func TestDirectRequestsDoNotWaitForTheDelegate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		public, err := newPublicPaths(nil)
		if err != nil {
			t.Fatal(err)
		}
		own := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
		h := &hanging{release: make(chan struct{})}
		d := &direct{newConnections(), nil, public, newRequestQueue(0, nil)}
		handler := d.limit(routes{own: own, delegate: h})
		ask := func(path string) int {
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
			return w.Code
		}
		var crowd sync.WaitGroup
		for range 4 * runningAtMost() {
			crowd.Go(func() { ask(podsMetric) })
			synctest.Wait()
		}
		if code := ask(metricPath); code != http.StatusTeapot {
			t.Errorf("ours is answered %d", code)
		}
		close(h.release)
		crowd.Wait()
		if !d.turns.running.TryAcquire(int64(runningAtMost())) {
			t.Error("turns are lost")
		}
	})
}

// FuzzDelegatedPath shows that what is delegated is authorized as what it asks
// for.
func FuzzDelegatedPath(f *testing.F) {
	for _, seed := range []string{
		"pods/a/b", "namespaces/shop/pods/a/b", "namespaces/shop/metrics/a", "namespaces/a/b", "watch/pods/a", "namespaces/shop/status/a/b", "//pods/a/b/",
		"namespaces/namespaces/namespaces/a/b", "redises.redis-metrics.dev/a/b", "namespaces/proxy/watch/a/b", "/",
	} {
		f.Add(apiRoot + seed)
	}
	factory := &request.RequestInfoFactory{APIPrefixes: sets.NewString("apis", "api"), GrouplessAPIPrefixes: sets.NewString("api")}
	check := requestCheck{delegates: true}
	f.Fuzz(func(t *testing.T, path string) {
		if !check.delegated(path) || check.checkPath(http.MethodGet, path) != nil {
			return
		}
		info, err := factory.NewRequestInfo(&http.Request{Method: http.MethodGet, URL: &url.URL{Path: path}})
		if err != nil {
			t.Fatal(err)
		}
		again := apiRoot
		if info.Namespace != "" {
			again += "namespaces/" + info.Namespace + "/"
		}
		again += info.Resource + "/" + info.Name
		if info.Subresource != "" {
			again += "/" + info.Subresource
		}
		if strings.Replace(path, "v1beta1", "v1beta2", 1) != again || info.Verb != "get" || info.APIGroup != "custom.metrics.k8s.io" || Owns(info.Resource) ||
			(info.Subresource == "") != (info.Resource == "metrics" && info.Namespace != "" && strings.Count(path, "/") == 7) {
			t.Errorf("%q is authorized as %+v", path, info)
		}
	})
}

func TestDiscoveryListsBoth(t *testing.T) {
	o := &other{listed: metricsOf("namespaces/queue", "pods/a", "pods/b")}
	for version, want := range map[string][]string{
		"v1beta1": {"redises.redis-metrics.dev/keys"},
		"v1beta2": {"redises.redis-metrics.dev/keys", "namespaces/queue", "pods/a", "pods/b"},
	} {
		for _, slash := range []string{"", "/"} {
			w := httptest.NewRecorder()
			routed(o).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/apis/custom.metrics.k8s.io/"+version+slash, nil))
			var list metav1.APIResourceList
			if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil || list.Kind != "APIResourceList" || list.GroupVersion != "custom.metrics.k8s.io/"+version {
				t.Fatalf("%s: %v in %s", version, err, w.Body)
			}
			var names []string
			for _, resource := range list.APIResources {
				names = append(names, resource.Name)
			}
			if !slices.Equal(names, want) {
				t.Errorf("%s lists %q", version, names)
			}
		}
	}
}

func TestTheAggregatedDocumentFollowsTheDelegate(t *testing.T) {
	manager, o := aggregated.NewResourceManager("apis"), &other{}
	infos := anything{}.ListAllMetrics()
	listMetrics(manager, infos, o)
	for _, step := range []struct {
		listed []metav1.APIResource
		want   []string
	}{
		{nil, nil},
		{metricsOf("namespaces/queue", "pods/a", "pods/b"), []string{"namespaces/queue Cluster", "pods/a Namespaced", "pods/b Namespaced"}},
		{metricsOf("pods/b"), []string{"pods/b Namespaced"}},
	} {
		o.listed = step.listed
		o.notify()
		r := httptest.NewRequest(http.MethodGet, "/apis", nil)
		r.Header.Set("Accept", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")
		w := httptest.NewRecorder()
		manager.ServeHTTP(w, r)
		var list apidiscoveryv2.APIGroupDiscoveryList
		if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil || len(list.Items) != 1 || len(list.Items[0].Versions) != 2 || list.Items[0].Versions[0].Version != "v1beta2" {
			t.Fatalf("%v in %s", err, w.Body)
		}
		var names []string
		for _, resource := range list.Items[0].Versions[0].Resources {
			for _, sub := range resource.Subresources {
				if !Owns(resource.Resource) && slices.Contains(resource.Verbs, "get") {
					names = append(names, resource.Resource+"/"+sub.Subresource+" "+string(resource.Scope))
				}
			}
		}
		if !slices.Equal(names, step.want) || !strings.Contains(w.Body.String(), "keys.redises.redis-metrics.dev") {
			t.Errorf("the document lists %q, want %q", names, step.want)
		}
	}
}

func TestDelegateMetricsNameNoObject(t *testing.T) {
	registry := metrics.NewKubeRegistry()
	m := NewDelegateMetrics(registry.MustRegister)
	for _, code := range []int{0, 200, 504, 777, 778} {
		m.Delegated(code, 1)
	}
	m.DelegateFailed(delegate.Timeout)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, family := range families {
		for _, one := range family.GetMetric() {
			for _, label := range one.GetLabel() {
				if name, ok := strings.CutPrefix(family.GetName(), "redis_metrics_adapter_"); ok {
					got = append(got, name+" "+label.GetName()+"="+label.GetValue())
				}
			}
		}
	}
	want := []string{
		"delegate_failures_total reason=Timeout", "delegate_requests_total code=0", "delegate_requests_total code=200",
		"delegate_requests_total code=504", "delegate_requests_total code=999",
	}
	if !slices.Equal(got, want) {
		t.Errorf("labels are %q", got)
	}
}
