package server

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
	apidiscoveryv2 "k8s.io/api/apidiscovery/v2"
	"k8s.io/apiserver/pkg/endpoints/discovery/aggregated"
	"k8s.io/component-base/cli/flag"
	"k8s.io/component-base/metrics"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
)

func TestListsOfValuesAreNotCompressed(t *testing.T) {
	const redises = "/apis/custom.metrics.k8s.io/v1beta2/namespaces/shop/redises.redis-metrics.dev/"
	for path, want := range map[string]string{
		redises + "*/requests-per-second":    "",
		redises + "cart/requests-per-second": "gzip",
		"/openapi/v3":                        "gzip",
	} {
		var got string
		handler := withPlainLists(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header.Get("Accept-Encoding") }))
		request := httptest.NewRequest(http.MethodGet, path, nil)
		request.Header.Set("Accept-Encoding", "gzip")
		handler.ServeHTTP(httptest.NewRecorder(), request)
		if got != want || request.Header.Get("Accept-Encoding") != "gzip" {
			t.Errorf("%s asks for encoding %q, want %q, and what came in has %q", path, got, want, request.Header.Get("Accept-Encoding"))
		}
	}
}

func TestMetricAlias(t *testing.T) {
	const root = "/apis/custom.metrics.k8s.io/v1beta2"
	for path, want := range map[string]string{
		root + "/namespaces/shop/keys.redises.redis-metrics.dev/cart":  root + "/namespaces/shop/redises.redis-metrics.dev/cart/keys",
		root + "/namespaces/shop/keys.redises.redis-metrics.dev/*":     root + "/namespaces/shop/redises.redis-metrics.dev/*/keys",
		root + "/namespaces/shop/redises.redis-metrics.dev/cart/keys":  root + "/namespaces/shop/redises.redis-metrics.dev/cart/keys",
		root + "/namespaces/shop/.redises.redis-metrics.dev/cart":      root + "/namespaces/shop/.redises.redis-metrics.dev/cart",
		root + "/namespaces/shop/keys.pods/cart":                       root + "/namespaces/shop/keys.pods/cart",
		"/apis/other/v1/namespaces/a/keys.redises.redis-metrics.dev/b": "/apis/other/v1/namespaces/a/keys.redises.redis-metrics.dev/b",
		root:       root,
		"/healthz": "/healthz",
	} {
		var got url.URL
		handler := withMetricAlias(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = *r.URL }))
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path+"?a=b", nil))
		if got.Path != want || got.RawQuery != "a=b" {
			t.Errorf("%s became %s", path, got.String())
		}
	}
}

func TestDiscoveryListsEveryMetricInBothVersions(t *testing.T) {
	manager := aggregated.NewResourceManager("apis")
	infos := []provider.CustomMetricInfo{
		{GroupResource: v1alpha1.GroupResource(), Namespaced: true, Metric: "requests-per-second"},
		{GroupResource: v1alpha1.GroupResource(), Namespaced: true, Metric: "keys"},
	}
	listMetrics(manager, infos, nil)
	request := httptest.NewRequest(http.MethodGet, "/apis", nil)
	request.Header.Set("Accept", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")
	recorder := httptest.NewRecorder()
	manager.ServeHTTP(recorder, request)
	var list apidiscoveryv2.APIGroupDiscoveryList
	if err := json.Unmarshal(recorder.Body.Bytes(), &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Items) != 1 || len(list.Items[0].Versions) != 2 {
		t.Fatalf("document: %s", recorder.Body)
	}
	if first := list.Items[0].Versions[0].Version; first != "v1beta2" {
		t.Errorf("preferred is %s, want v1beta2 as the APIServices say", first)
	}
	for _, version := range list.Items[0].Versions {
		var names []string
		for _, resource := range version.Resources {
			if len(resource.Verbs) > 0 {
				names = append(names, resource.Resource)
				continue
			}
			for _, sub := range resource.Subresources {
				names = append(names, resource.Resource+"/"+sub.Subresource)
			}
		}
		slices.Sort(names)
		want := []string{
			"keys.redises.redis-metrics.dev", "redises.redis-metrics.dev/keys",
			"redises.redis-metrics.dev/requests-per-second", "requests-per-second.redises.redis-metrics.dev",
		}
		if !slices.Equal(names, want) {
			t.Errorf("%s lists %q", version.Version, names)
		}
	}
}

func TestOptionsRefuseWhatCannotBe(t *testing.T) {
	for _, test := range []struct {
		args []string
		says string
	}{
		{nil, ""},
		{[]string{"--tls-cert-file=a", "--tls-private-key-file=b"}, ""},
		{[]string{"--tls-cert-file=a"}, "--tls-cert-file and --tls-private-key-file go together"},
		{[]string{"--secure-port=0"}, "--secure-port"},
		{[]string{"--secure-port=70000"}, "--secure-port"},
		{[]string{"--shutdown-delay-duration=-1s"}, "--shutdown-delay-duration"},
		{[]string{"--autoscaler-users=a,b"}, ""},
		{[]string{"--autoscaler-users=a,,b"}, "--autoscaler-users"},
	} {
		o := NewOptions()
		sections := &flag.NamedFlagSets{}
		o.AddFlags(sections)
		all := pflag.NewFlagSet("", pflag.ContinueOnError)
		for _, section := range sections.FlagSets {
			all.AddFlagSet(section)
		}
		if err := all.Parse(test.args); err != nil {
			t.Fatal(err)
		}
		err := o.Validate()
		if (err == nil) != (test.says == "") || (err != nil && !strings.Contains(err.Error(), test.says)) {
			t.Errorf("%q: %v, want %q", test.args, err, test.says)
		}
	}
}

func TestOwnMetricsNameNoObject(t *testing.T) {
	registry := metrics.NewKubeRegistry()
	m := NewMetrics(registry.MustRegister)
	m.Targets("Sampled", 3)
	m.Attempted(time.Millisecond, time.Second, "")
	m.Attempted(time.Millisecond, time.Second, "Timeout")
	m.Answered("", 1)
	m.Answered("Stale", 1)
	m.FellBack("Value")
	m.InFallback(2)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, family := range families {
		if !strings.HasPrefix(family.GetName(), "redis_metrics_adapter_") {
			continue
		}
		for _, one := range family.GetMetric() {
			for _, label := range one.GetLabel() {
				got = append(got, family.GetName()+" "+label.GetName()+"="+label.GetValue())
			}
		}
	}
	want := []string{
		"redis_metrics_adapter_fallback_values_total type=Value",
		"redis_metrics_adapter_sampling_attempts_total result=Succeeded", "redis_metrics_adapter_sampling_attempts_total result=Timeout",
		"redis_metrics_adapter_targets state=Sampled", "redis_metrics_adapter_values_total result=Served", "redis_metrics_adapter_values_total result=Stale",
	}
	if !slices.Equal(got, want) {
		t.Errorf("labels are %q", got)
	}
}
