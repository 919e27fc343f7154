package provider

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/expression"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// declaring is a provider with one object that declares metrics and one that does not.
func declaring(t *testing.T) *Provider {
	t.Helper()
	metrics := catalog.Builtin()
	all := targets{newTarget("shop", "with", "cache"), newTarget("shop", "without", "cache")}
	all[0].Declared = []target.Declared{
		{Name: "waiting", Probe: probe.List("jobs")}, {Name: "wrong", Index: 1, Place: 1, Probe: probe.List("text")},
		{Name: "sum", Index: 3, Expression: compiled(t, `metric("waiting") + 10.0 * metric("keys")`)},
		{Name: "of-wrong", Index: 4, Expression: compiled(t, `metric("wrong")`)},
		{Name: "of-cold", Index: 5, Expression: compiled(t, `metric("requests-per-second")`)},
		{Name: "of-sum", Index: 6, Expression: compiled(t, `metric("sum")`)}, // refused before
		{Name: "uncompiled", Index: 7, Formula: `metric("keys")`},
	}
	all[0].Problems = []target.Problem{{Name: "used-memory-bytes", Sentence: "spec.metrics[2].name: every Redis object has a metric used-memory-bytes"}}
	store := &history.Store{}
	info, err := new(redisinfo.Parser).Parse([]byte("run_id:a\r\nrole:master\r\n# Keyspace\r\ndb0:keys=5,expires=0\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	results := []probe.Result{{Value: 12}, {Err: errors.New(`key "text" is of another type`)}, {Value: 99}}
	for _, one := range all {
		open := store.Open(one.ID(), history.Policy{Interval: one.Interval, Window: one.Window, MaxAge: one.MaxAge})
		open.Record(history.NewSample(results, history.Node{At: time.Now(), Info: info}))
	}
	return New(all, store, metrics, causes{})
}

func compiled(t *testing.T, source string) *expression.Expression {
	t.Helper()
	e, err := expression.Compile(source)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestDeclaredMetricsAreThoseOfTheirObject(t *testing.T) {
	p := declaring(t)
	for _, test := range []struct {
		object, metric string
		want, says     string
	}{
		{"with", "waiting", "12", ""},
		{"with", "keys", "5", ""},
		{"with", "used-memory-bytes", "", "spec.metrics[2].name: every Redis object has a metric used-memory-bytes"},
		{"with", "wrong", "", `key "text" is of another type`},
		{"with", "other", "", `spec.metrics of with declares of-cold, of-sum, of-wrong, sum, uncompiled, waiting, wrong`},
		{"with", "sum", "62", ""},
		{"with", "of-wrong", "", `wrong: key "text" is of another type`},
		{"with", "of-cold", "", "requests-per-second: a rate needs two samples"},
		{"with", "of-sum", "", "no metric sum that the expression may name"},
		{"with", "uncompiled", "", "its expression is not compiled yet: namespaces take turns, and 128 KiB of expressions are kept of one, 2048 KiB of all"},
		{"without", "waiting", "", `spec.metrics of without declares none`},
	} {
		got, err := p.GetMetricByName(context.Background(), types.NamespacedName{Namespace: "shop", Name: test.object}, metric(test.metric), labels.Everything())
		switch {
		case test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)):
			t.Errorf("%s of %s: %v, want %q", test.metric, test.object, err, test.says)
		case test.want != "" && (err != nil || got.Value.String() != test.want):
			t.Errorf("%s of %s: %v, %v; want %s", test.metric, test.object, got, err, test.want)
		}
	}
}

func TestListsLeaveOutObjectsThatDoNotDeclareTheMetric(t *testing.T) {
	p := declaring(t)
	list, err := p.GetMetricBySelector(context.Background(), "shop", labels.Everything(), metric("waiting"), labels.Everything())
	if err != nil || len(list.Items) != 1 || list.Items[0].DescribedObject.Name != "with" {
		t.Errorf("list %+v, %v; want the one object that declares it", list, err)
	}
	if _, err := p.GetMetricBySelector(context.Background(), "shop", labels.Everything(), metric("wrong"), labels.Everything()); causeOf(err) != CauseNoValue {
		t.Errorf("unknown for all of them: %v", err)
	}
	if _, err := p.GetMetricBySelector(context.Background(), "shop", labels.Everything(), metric("other"), labels.Everything()); causeOf(err) != CauseNoMetric {
		t.Errorf("declared by none: %v", err)
	}
}
