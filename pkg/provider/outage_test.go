package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/metrics/pkg/apis/custom_metrics"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// outage is a provider of one object whose Redis a test lets answer and fail.
type outage struct {
	*Provider
	t      *testing.T
	object *target.Target
	store  *history.Store
	counts causes
	infos  int
	gets   int
	runID  string
}

func newOutage(t *testing.T, object *target.Target) *outage {
	t.Helper()
	metrics := catalog.Builtin()
	o := &outage{t: t, object: object, store: &history.Store{}, counts: causes{}, runID: "a"}
	o.Provider = New(targets{object}, o.store, metrics, o.counts)
	o.Set(object)
	o.store.Open(object.ID(), history.Policy{Interval: object.Interval, Window: object.Window, MaxAge: object.MaxAge})
	return o
}

// answers is a successful attempt, at which so many more GETs were counted.
func (o *outage) answers(gets int, probed ...probe.Result) {
	o.t.Helper()
	o.gets += gets
	o.infos++
	info, err := new(redisinfo.Parser).Parse(fmt.Appendf(nil, "run_id:%s\r\nrole:master\r\nconnected_clients:7\r\n# Commandstats\r\n"+
		"cmdstat_info:calls=%d,usec=1\r\ncmdstat_get:calls=%d,usec=1\r\n", o.runID, o.infos, o.gets))
	if err != nil {
		o.t.Fatal(err)
	}
	o.store.Get(o.object.ID()).Record(history.NewSample(probed, history.Node{At: time.Now(), Info: info}))
	o.Sampled(o.object)
}

func (o *outage) fails() {
	o.store.Get(o.object.ID()).Fail(errors.New("the connection was refused"))
	o.Sampled(o.object)
}

// warm is two samples 5 s apart with 100 requests per second between.
func (o *outage) warm(probed ...probe.Result) {
	o.t.Helper()
	o.answers(10, probed...)
	pass(5 * time.Second)
	o.answers(500, probed...)
}

func pass(d time.Duration) { <-time.After(d) }

func (o *outage) ask(name, picks string) (*custom_metrics.MetricValue, error) {
	o.t.Helper()
	return o.GetMetricByName(context.Background(), o.object.NamespacedName, metric(name), selector(o.t, picks))
}

// serves requires a value, of a sample of an instant.
func (o *outage) serves(what, name, picks, want string, at time.Time) {
	o.t.Helper()
	got, err := o.ask(name, picks)
	if err != nil || got.Value.String() != want || !got.Timestamp.Time.Equal(at) {
		o.t.Errorf("%s: %+v, %v; want %s of %s", what, got, err, want, at)
	}
}

// refuses requires an error in which words stand.
func (o *outage) refuses(what, name, picks string, cause Cause, words string) {
	o.t.Helper()
	got, err := o.ask(name, picks)
	if err == nil || causeOf(err) != cause || !strings.Contains(err.Error(), words) {
		o.t.Errorf("%s: %+v, %v (%s); want %s and %q", what, got, err, causeOf(err), cause, words)
	}
}

func falling(f *target.Fallback) *target.Target {
	t := newTarget("shop", "cart", "")
	t.Fallback = f
	return t
}

func lastValueFor(lasting time.Duration) *target.Fallback {
	return &target.Fallback{Type: v1alpha1.FallbackLastValue, For: lasting}
}

func stated(value string) *target.Fallback {
	return &target.Fallback{Type: v1alpha1.FallbackValue, Value: resource.MustParse(value)}
}

type unobserved struct{}

func (unobserved) Answered(Cause, int)            {}
func (unobserved) Served(time.Duration)           {}
func (unobserved) FellBack(v1alpha1.FallbackType) {}
func (unobserved) InFallback(int)                 {}
