package provider

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// targets is a set of targets that a test lists.
type targets []*target.Target

func (ts targets) Get(name types.NamespacedName) (*target.Target, bool) {
	for _, t := range ts {
		if t.NamespacedName == name {
			return t, true
		}
	}
	return nil, false
}

func (ts targets) Select(namespace string, selector labels.Selector) []*target.Target {
	var found []*target.Target
	for _, t := range ts {
		if (namespace == "" || t.Namespace == namespace) && selector.Matches(t.Labels) {
			found = append(found, t)
		}
	}
	slices.SortFunc(found, func(a, b *target.Target) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	return found
}

func (ts targets) Current() error { return nil }

type causes map[Cause]int

func (c causes) Answered(cause Cause, values int) { c[cause] += values }

func (c causes) Served(age time.Duration) {
	if age >= 0 && age < time.Hour {
		c["Served"]++
	}
}

func (c causes) FellBack(by v1alpha1.FallbackType) { c[Cause(by)]++ }

func (c causes) InFallback(n int) { c["InFallback"] = n }

func newTarget(namespace, name, tier string) *target.Target {
	return &target.Target{
		NamespacedName: types.NamespacedName{Namespace: namespace, Name: name},
		UID:            types.UID(namespace + "-" + name),
		Generation:     1,
		Labels:         labels.Set{"tier": tier},
		Interval:       5 * time.Second, Window: 15 * time.Second, MaxAge: 15 * time.Second,
	}
}

// record delivers a sample with so many GETs and SETs, taken so long ago.
func record(t testing.TB, s *history.History, now time.Time, ago time.Duration, gets, sets int) {
	t.Helper()
	text := fmt.Sprintf("run_id:a\r\nrole:master\r\nconnected_clients:7\r\nused_memory:900\r\nmaxmemory:0\r\n"+
		"# Commandstats\r\ncmdstat_info:calls=%d,usec=1\r\ncmdstat_get:calls=%d,usec=1\r\ncmdstat_set:calls=%d,usec=1\r\n",
		100-ago/time.Second, gets, sets)
	info, err := new(redisinfo.Parser).Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	s.Record(history.NewSample(nil, history.Node{At: now.Add(-ago), Info: info}))
}

// house is a provider with warm and cold objects, and what it counted.
func house(t *testing.T) (*Provider, causes) {
	t.Helper()
	metrics := catalog.Builtin()
	all := targets{
		newTarget("shop", "warm", "cache"), newTarget("shop", "cold", "cache"),
		newTarget("shop", "stale", "queue"), newTarget("bank", "warm", "cache"),
	}
	store := &history.Store{}
	now := time.Now()
	open := func(t *target.Target) *history.History {
		return store.Open(t.ID(), history.Policy{Interval: t.Interval, Window: t.Window, MaxAge: t.MaxAge})
	}
	for _, warm := range []*target.Target{all[0], all[3]} {
		record(t, open(warm), now, 11*time.Second, 100, 0)
		record(t, open(warm), now, 1*time.Second, 1100, 2500)
	}
	open(all[1])
	record(t, open(all[2]), now, 40*time.Second, 100, 0)
	record(t, open(all[2]), now, 30*time.Second, 200, 0)
	counted := causes{}
	return New(all, store, metrics, counted), counted
}

func metric(name string) provider.CustomMetricInfo {
	return provider.CustomMetricInfo{GroupResource: v1alpha1.GroupResource(), Namespaced: true, Metric: name}
}

func selector(t testing.TB, text string) labels.Selector {
	t.Helper()
	parsed, err := labels.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestValueOfOneObject(t *testing.T) {
	p, counted := house(t)
	for _, test := range []struct {
		metric, selector string
		want             string
		window           int64
	}{
		{"requests-per-second", "", "350", 10},
		{"requests-per-second", "command=get", "100", 10},
		{"requests-per-second", "command=lpush", "0", 10},
		{"requests-per-second", "role notin (replica),command notin (get)", "250", 10},
		{"requests-per-second", "command in (get,set),role=primary", "350", 10},
		{"connected-clients", "", "7", 0},
		{"used-memory-bytes", "role=primary", "900", 0},
	} {
		t.Run(test.metric+" "+test.selector, func(t *testing.T) {
			got, err := p.GetMetricByName(context.Background(), types.NamespacedName{Namespace: "shop", Name: "warm"}, metric(test.metric), selector(t, test.selector))
			if err != nil {
				t.Fatal(err)
			}
			if got.Value.String() != test.want || *got.WindowSeconds != test.window {
				t.Errorf("value %s over %d s, want %s over %d s", got.Value.String(), *got.WindowSeconds, test.want, test.window)
			}
			if age := time.Since(got.Timestamp.Time); age < time.Second || age > 10*time.Second {
				t.Errorf("timestamp is %s ago, want that of the sample, 1s ago", age)
			}
			described := got.DescribedObject
			if described.Kind != "Redis" || described.APIVersion != "redis-metrics.dev/v1alpha1" || described.Name != "warm" || described.Namespace != "shop" {
				t.Errorf("describedObject is %+v", described)
			}
			if got.Metric.Name != test.metric || (got.Metric.Selector != nil) != (test.selector != "") {
				t.Errorf("metric is %+v", got.Metric)
			}
		})
	}
	if counted[""] != 7 || counted["Served"] != 7 {
		t.Errorf("observer counted %v", counted)
	}
}

func TestUnknownIsAnError(t *testing.T) {
	p, counted := house(t)
	nodes := provider.CustomMetricInfo{GroupResource: schema.GroupResource{Resource: "nodes"}, Metric: "requests-per-second"}
	for _, test := range []struct {
		name            string
		namespace, from string
		info            provider.CustomMetricInfo
		selector        string
		code            int32
		cause           Cause
		says            string
	}{
		{"no sample yet", "shop", "cold", metric("requests-per-second"), "", 404, "NoSample", "no sample yet"},
		{"older than maxAge", "shop", "stale", metric("requests-per-second"), "", 404, "Stale", "more than maxAge 15s"},
		{"gauge older than maxAge", "shop", "stale", metric("connected-clients"), "", 404, "Stale", "more than maxAge 15s"},
		{"no object", "shop", "gone", metric("requests-per-second"), "", 404, CauseNoObject, `redises.redis-metrics.dev "gone" not found`},
		{"object of another namespace", "bank", "cold", metric("requests-per-second"), "", 404, CauseNoObject, "not found"},
		{"no metric", "shop", "warm", metric("requests"), "", 404, CauseNoMetric, `metric "requests" is unknown`},
		{"no resource", "shop", "warm", nodes, "", 404, CauseNoResource, "apiVersion redis-metrics.dev/v1alpha1 and kind Redis"},
		{"no namespace", "", "warm", metric("requests-per-second"), "", 400, CauseRootScoped, "namespaces/<namespace>/"},
		{"no series", "shop", "warm", metric("requests-per-second"), "command=lpsuh", 404, CauseNoSeries, "command is one of get, set"},
		{"no value", "shop", "warm", metric("memory-utilization"), "", 404, CauseNoValue, "maxmemory is 0"},
		{"field not reported", "shop", "warm", metric("blocked-clients"), "", 404, CauseNoValue, "blocked_clients: not reported by the server"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := p.GetMetricByName(context.Background(), types.NamespacedName{Namespace: test.namespace, Name: test.from}, test.info, selector(t, test.selector))
			if err == nil {
				t.Fatalf("served %+v", got)
			}
			status, ok := err.(*apierrors.StatusError) //nolint:errorlint // the library does not unwrap
			if !ok {
				t.Fatalf("error is a %T: the library answers 500 to what is no *StatusError", err)
			}
			if status.ErrStatus.Code != test.code || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %d %q, want %d and %q in it", status.ErrStatus.Code, err, test.code, test.says)
			}
			if causeOf(err) != test.cause || counted[test.cause] == 0 {
				t.Errorf("cause %q counted %v, want %q", causeOf(err), counted, test.cause)
			}
			if status.ErrStatus.Details.RetryAfterSeconds != 0 {
				t.Error("Retry-After would make a controller wait inside its worker")
			}
			if status.ErrStatus.Code == http.StatusNotFound && !apierrors.IsNotFound(err) {
				t.Errorf("reason %q does not fit the code", status.ErrStatus.Reason)
			}
		})
	}
}

// outdated are targets whose objects may have changed.
type outdated struct{ targets }

func (outdated) Current() error { return errors.New("nothing was heard") }

func TestNoValuesOfObjectsThatMayHaveChanged(t *testing.T) {
	p, counted := house(t)
	p.targets = outdated{p.targets.(targets)}
	_, byName := p.GetMetricByName(t.Context(), types.NamespacedName{Namespace: "shop", Name: "warm"}, metric("connected-clients"), labels.Everything())
	_, bySelector := p.GetMetricBySelector(t.Context(), "shop", labels.Everything(), metric("connected-clients"), labels.Everything())
	for _, err := range []error{byName, bySelector} {
		if !apierrors.IsServiceUnavailable(err) || causeOf(err) != CauseNotCurrent || !strings.Contains(err.Error(), "nothing was heard") {
			t.Errorf("got %v, want that the service is unavailable, and why", err)
		}
	}
	if counted[CauseNotCurrent] != 2 {
		t.Errorf("observer counted %v", counted)
	}
	if len(p.ListAllMetrics()) == 0 {
		t.Error("no metrics are listed: the API server would route no request any more")
	}
}

func TestListsLeaveOutTheUnknown(t *testing.T) {
	p, counted := house(t)
	for _, test := range []struct {
		namespace, selector string
		want                string
		fails               bool
	}{
		{"shop", "", "shop/warm", false},
		{"shop", "tier=queue", "", true},
		{"shop", "tier=none", "", false},
		{"*", "", "bank/warm shop/warm", false},
		{"", "tier=cache", "bank/warm shop/warm", false},
		{"empty", "", "", false},
	} {
		t.Run(test.namespace+" "+test.selector, func(t *testing.T) {
			clear(counted)
			got, err := p.GetMetricBySelector(context.Background(), test.namespace, selector(t, test.selector), metric("requests-per-second"), labels.Everything())
			if (err != nil) != test.fails || err != nil && !strings.Contains(err.Error(), "is unknown for all of 1 objects") {
				t.Fatalf("error %v, want one: %v", err, test.fails)
			}
			var names []string
			if got != nil {
				for _, item := range got.Items {
					names = append(names, item.DescribedObject.Namespace+"/"+item.DescribedObject.Name)
				}
				if text, _ := json.Marshal(got.Items); string(text) == "null" {
					t.Error("an empty list must not be null")
				}
			}
			if list := strings.Join(names, " "); list != test.want {
				t.Errorf("listed %q, want %q", list, test.want)
			}
			if served, told := counted[""]; served != len(names) || told != (served > 0) {
				t.Errorf("observer counted %v, want %d served", counted, len(names))
			}
		})
	}
}

func TestAnswerNamesTheSelectorAskedBy(t *testing.T) {
	identifier, err := identify("m", selector(t, "command in (get,set),role=primary"))
	if err != nil {
		t.Fatal(err)
	}
	if text := metav1.FormatLabelSelector(identifier.Selector); text != "command in (get,set),role=primary" {
		t.Errorf("selector reads %q", text)
	}
}

func TestDiscoveryIsConstant(t *testing.T) {
	p, _ := house(t)
	first := p.ListAllMetrics()
	if len(first) < 10 {
		t.Fatalf("only %d metrics", len(first))
	}
	if allocations := testing.AllocsPerRun(10, func() { p.ListAllMetrics() }); allocations != 0 {
		t.Errorf("discovery allocates %v times: the aggregator asks ten times in 30 s", allocations)
	}
}

func TestIdentifyWritesUnequalAsNotIn(t *testing.T) {
	identifier, err := identify("m", selector(t, "command!=get,role=primary"))
	if err != nil {
		t.Fatal(err)
	}
	if text := metav1.FormatLabelSelector(identifier.Selector); text != "command notin (get),role=primary" && text != "role=primary,command notin (get)" {
		t.Errorf("the selector is stated as %q", text)
	}
}
