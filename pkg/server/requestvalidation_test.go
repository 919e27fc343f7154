package server

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apiserver/pkg/endpoints/request"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
)

// passed has a filter look at a request, and returns the code of its answer, 418 if it lets it through, and what it says.
func passed(t *testing.T, filter func(http.Handler) http.Handler, r *http.Request) (code int, says string) {
	t.Helper()
	w := httptest.NewRecorder()
	filter(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })).ServeHTTP(w, r)
	if w.Code == http.StatusTeapot {
		return w.Code, ""
	}
	var status metav1.Status
	if err := json.Unmarshal(w.Body.Bytes(), &status); err != nil || w.Header().Get("Retry-After") != "" {
		t.Fatalf("%v: answered %s", err, w.Body)
	}
	return w.Code, status.Message
}

func TestRequestsWithoutAnAnswerAreRefusedAtOnce(t *testing.T) {
	const root = "/apis/custom.metrics.k8s.io"
	const redises = root + "/v1beta2/namespaces/shop/redises.redis-metrics.dev/"
	long := strings.Repeat("a", 254)
	for _, test := range []struct {
		method, path string
		code         int
		says         string
	}{
		{"GET", "/livez", 418, ""},
		{"GET", "/metrics", 418, ""},
		{"GET", "/apis", 418, ""},
		{"GET", root, 418, ""},
		{"GET", root + "/", 418, ""},
		{"GET", root + "/v1beta1", 418, ""},
		{"GET", root + "/v1beta2/", 418, ""},
		{"GET", redises + "cart/requests-per-second", 418, ""},
		{"GET", redises + "cart/requests-per-second/", 418, ""},
		{"GET", redises + "cart.a/http_requests:rate5m", 418, ""},
		{"GET", redises + "*/keys", 418, ""},
		{"GET", root + "/v1beta1/namespaces/*/redises.redis-metrics.dev/*/keys", 418, ""},
		{"GET", root + "/v1beta2/redises.redis-metrics.dev/cart/keys", 418, ""}, // the provider says that a namespace is missing
		{"GET", "/api/v1/pods", 404, "nothing is served here"},
		{"GET", "/apis/apps/v1/deployments", 404, "nothing is served here"},
		{"GET", root + ".evil/v1beta2", 404, "nothing is served here"},
		{"GET", root + "/v1", 404, "nothing is served here"},
		{"GET", root + "/v1/namespaces/shop/redises.redis-metrics.dev/cart/keys", 404, "nothing is served here"},
		{"GET", root + "/v1beta2/namespaces/shop", 404, "nothing is served here"},
		{"GET", root + "/v1beta2/namespaces/shop/metrics/keys", 404, "nothing is served here"},
		{"GET", redises + "cart", 404, "nothing is served here"},
		{"GET", redises + "cart/keys/more", 404, "nothing is served here"},
		{"GET", root + "/v1beta2/watch/namespaces/shop/redises.redis-metrics.dev/cart/keys", 404, "nothing is served here"},
		{"GET", root + "/v1beta2/namespaces/shop/pods/cart/keys", 404, "no metrics of pods are served here; describedObject must have"},
		{"POST", redises + "cart/keys", 405, "post"},
		{"GET", root + "/v1beta2/namespaces/Shop/redises.redis-metrics.dev/cart/keys", 400, "invalid namespace"},
		{"GET", root + "/v1beta2/namespaces//redises.redis-metrics.dev/cart/keys", 400, "invalid namespace"},
		{"GET", root + "/v1beta2/namespaces/" + long[:64] + "/redises.redis-metrics.dev/cart/keys", 400, "invalid namespace: must be no more than 63"},
		{"GET", redises + "CART/keys", 400, "invalid object name"},
		{"GET", redises + "../keys", 400, "invalid object name"},
		{"GET", redises + long + "/keys", 400, "invalid object name: must be no more than 253"},
		{"GET", redises + "cart/" + long, 400, "invalid metric name"},
		{"GET", redises + "cart/..", 400, "invalid metric name"},
		{"GET", redises + "cart/a%20b", 400, "invalid metric name: use 1 to 253 printable"},
		{"GET", redises + "cart/" + strings.Repeat("a", 1<<20), 414, "at most 1024 are read"},
		{"GET", "/metrics/" + strings.Repeat("a", 1024), 414, "at most 1024 are read"},
	} {
		code, says := passed(t, requestCheck{}.filter, httptest.NewRequest(test.method, test.path, nil))
		if code != test.code || !strings.Contains(says, test.says) {
			t.Errorf("%s %.90s is answered %d %q, want %d %q", test.method, test.path, code, says, test.code, test.says)
		}
	}
}

func TestHeadersAreBounded(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	r.Header["X-Remote-Group"] = []string{strings.Repeat("a", headerBytes/2), strings.Repeat("b", headerBytes/2)}
	if code, says := passed(t, requestCheck{}.filter, r); code != http.StatusRequestHeaderFieldsTooLarge || !strings.Contains(says, "at most 131072 are read") {
		t.Errorf("answered %d %q", code, says)
	}
}

func TestSelectorsAreBounded(t *testing.T) {
	values := func(count int) string { return "a in (" + strings.TrimSuffix(strings.Repeat("b,", count), ",") + ")" }
	for _, test := range []struct {
		name, value string
		code        int
		says        string
	}{
		{"metricLabelSelector", "", 418, ""},
		{"metricLabelSelector", "command=get", 418, ""},
		{"metricLabelSelector", "command in (get,set)", 418, ""},
		{"labelSelector", "tier=cache,!old", 418, ""},
		{"fieldSelector", "metadata.name=cart", 418, ""},
		{"pretty", strings.Repeat("a", selectorBytes+1), 418, ""},
		{"metricLabelSelector", values(2000), 418, ""},
		{"metricLabelSelector", strings.Repeat("!a,", selectorTerms-1) + "!a", 418, ""},
		{"metricLabelSelector", strings.Repeat("!a,", selectorTerms) + "!a", 400, "metricLabelSelector has 65 requirements, at most 64"},
		{"labelSelector", strings.Repeat("!a,", selectorTerms) + "!a", 400, "labelSelector has 65 requirements, at most 64"},
		{"fieldSelector", strings.Repeat("a=b,", selectorTerms) + "a=b", 400, "fieldSelector has 65 requirements, at most 64"},
		{"metricLabelSelector", values(2100), 400, "metricLabelSelector has 4206 bytes, at most 4096"},
		{"labelSelector", values(2100), 400, "labelSelector has 4206 bytes, at most 4096"},
		{"metricLabelSelector", strings.Repeat("!a,", 100000), 400, "at most 37888"},
		{"metricLabelSelector", "command in (", 400, "metricLabelSelector cannot be read: unable to parse requirement"},
		{"metricLabelSelector", "==", 400, "metricLabelSelector cannot be read"},
		{"labelSelector", "a in (", 400, "labelSelector cannot be read: unable to parse requirement"},
		{"fieldSelector", "a", 400, "fieldSelector cannot be read"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/apis/custom.metrics.k8s.io/v1beta2/namespaces/a/redises.redis-metrics.dev/*/keys?"+url.Values{test.name: {test.value}}.Encode(), nil)
		code, says := passed(t, requestCheck{}.filter, r)
		if code != test.code || !strings.Contains(says, test.says) {
			t.Errorf("%s %.40q is answered %d %q, want %d %q", test.name, test.value, code, says, test.code, test.says)
		}
	}
	for query, says := range map[string]string{
		"labelSelector=a&labelSelector=b":                 "labelSelector is given 2 times",
		"metricLabelSelector=a%3Db&metricLabelSelector=!": "metricLabelSelector is given 2 times",
		"labelSelector=%zz":                               "the query cannot be read",
	} {
		if err := checkQuery(query); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", query, err, says)
		}
	}
}

// FuzzSelector shows that what is let through can be read, and is within the bounds.
func FuzzSelector(f *testing.F) {
	for _, seed := range []string{"", "a=b", "!a,!b", "a in (b,c),d notin (e)", "a>1", "a=b&labelSelector=c", strings.Repeat("!a,", 70), "a%2Cb", "%", "x y"} {
		f.Add("metricLabelSelector=" + seed)
		f.Add("fieldSelector=" + seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if checkQuery(raw) != nil {
			return
		}
		query, err := url.ParseQuery(raw)
		if err != nil {
			t.Fatalf("%q is let through: %v", raw, err)
		}
		for _, name := range []string{"metricLabelSelector", "labelSelector", "fieldSelector"} {
			terms, err := countTerms(name, query.Get(name))
			if err != nil || terms > selectorTerms || len(query.Get(name)) > selectorBytes {
				t.Errorf("%s %q is let through: %d requirements, %v", name, query.Get(name), terms, err)
			}
		}
	})
}

// FuzzPath shows that what is let through is authorized as what is asked for: Redis objects, under names that Kubernetes
// can have, and a path that stands for another one stands for one alone.
func FuzzPath(f *testing.F) {
	const root = "/apis/custom.metrics.k8s.io"
	for _, seed := range []string{
		"", "/v1beta2", "/v1beta1/namespaces/a/redises.redis-metrics.dev/b/c", "/v1beta2/namespaces/a/c.redises.redis-metrics.dev/b",
		"/v1beta2/namespaces/*/redises.redis-metrics.dev/*/c", "/v1beta2/redises.redis-metrics.dev/b/c", "//v1beta2/namespaces//a/b/c/",
		"/v1beta2/namespaces/a/redises.redis-metrics.dev/../c", "/v1beta2/watch/a/b/c", "/v1beta2/namespaces/a/c.redises.redis-metrics.dev.redises.redis-metrics.dev/b",
	} {
		f.Add(root + seed)
	}
	f.Add("//api//c")
	f.Add("/" + root + "/v1beta2/namespaces/a/pods/b/c")
	factory := &request.RequestInfoFactory{APIPrefixes: sets.NewString("apis", "api"), GrouplessAPIPrefixes: sets.NewString("api")}
	f.Fuzz(func(t *testing.T, path string) {
		if other, ok := unaliased(path); ok {
			if again, twice := unaliased(other); twice {
				t.Errorf("%q stands for %q, which stands for %q", path, other, again)
			}
			path = other
		}
		if (requestCheck{}).checkPath(http.MethodGet, path) != nil {
			return
		}
		info, err := factory.NewRequestInfo(&http.Request{Method: http.MethodGet, URL: &url.URL{Path: path}})
		if err != nil || !info.IsResourceRequest {
			return
		}
		if info.APIGroup != "custom.metrics.k8s.io" || info.Resource != v1alpha1.GroupResource().String() || info.Verb != "get" || len(info.Parts) != 3 {
			t.Errorf("%q is authorized as %+v", path, info)
		}
		if info.Namespace != "" && info.Namespace != "*" && len(validation.IsDNS1123Label(info.Namespace)) > 0 {
			t.Errorf("%q has namespace %q", path, info.Namespace)
		}
		if info.Name != "*" && len(validation.IsDNS1123Subdomain(info.Name)) > 0 {
			t.Errorf("%q has name %q", path, info.Name)
		}
	})
}
