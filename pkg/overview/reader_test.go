package overview

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// cluster is an API that serves JSON by path, with its query, and errors where it is an error.
type cluster map[string]any

func (c cluster) Get(ctx context.Context, at string, into any) error {
	switch served := c[at].(type) {
	case string:
		return json.Unmarshal([]byte(served), into)
	case error:
		return served
	case func(context.Context) error:
		return served(ctx)
	}
	return apierrors.NewNotFound(schema.GroupResource{}, at)
}

func (c cluster) with(at string, served any) cluster {
	changed := cluster{at: served}
	for at, served := range c {
		if _, replaced := changed[at]; !replaced {
			changed[at] = served
		}
	}
	return changed
}

const (
	redises  = "/apis/redis-metrics.dev/v1alpha1/namespaces/shop/redises"
	hpas     = "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers"
	events   = "/api/v1/namespaces/shop/events?fieldSelector=involvedObject.kind%3DHorizontalPodAutoscaler"
	app      = "/apis/apps/v1/namespaces/shop/statefulsets/app"
	values   = "/apis/custom.metrics.k8s.io/v1beta2/namespaces/shop/redises.redis-metrics.dev/"
	requests = values + "cart/requests-per-second"
	gets     = requests + "?metricLabelSelector=command%3Dget"
)

const (
	cart = `{"metadata":{"name":"cart","namespace":"shop","generation":1},
		"spec":{"address":"cart:6379","metrics":[{"name":"jobs","list":{"key":"jobs"}},{"name":"keys","list":{"key":"jobs"}}]},
		"status":{"observedGeneration":1,"endpoint":"cart:6379","conditions":[{"type":"Ready","status":"True","reason":"Sampled"}]}}`
	appHPA = `{"metadata":{"name":"app","namespace":"shop"},"spec":{"maxReplicas":5,
		"scaleTargetRef":{"apiVersion":"apps/v1","kind":"StatefulSet","name":"app"},"metrics":[
			{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":80}}},
			{"type":"Object","object":{"describedObject":{"apiVersion":"redis-metrics.dev/v1alpha1","kind":"Redis","name":"cart"},
				"metric":{"name":"requests-per-second"},"target":{"type":"AverageValue","averageValue":"1000"}}},
			{"type":"Object","object":{"describedObject":{"apiVersion":"redis-metrics.dev/v1alpha1","kind":"Redis","name":"cart"},
				"metric":{"name":"requests-per-second","selector":{"matchLabels":{"command":"get"}}},"target":{"type":"Value","value":"500"}}}]},
		"status":{"currentReplicas":2,"desiredReplicas":3,"conditions":[
			{"type":"AbleToScale","status":"True","reason":"ReadyForNewScale"},{"type":"ScalingActive","status":"True","reason":"ValidMetricFound"}]}}`
	otherHPA = `{"metadata":{"name":"other","namespace":"shop"},"spec":{"maxReplicas":5,"metrics":[
		{"type":"Object","object":{"describedObject":{"apiVersion":"v1","kind":"Service","name":"cart"},
			"metric":{"name":"requests-per-second"},"target":{"type":"Value","value":"500"}}}]}}`
)

func value(quantity string) string {
	return `{"items":[{"timestamp":"2026-01-02T03:04:05Z","windowSeconds":15,"value":"` + quantity + `"}]}`
}

func healthy() cluster {
	return cluster{
		redises:           `{"items":[` + cart + `]}`,
		redises + "/cart": cart,
		hpas:              `{"items":[` + otherHPA + `,` + appHPA + `]}`,
		events: `{"items":[
			{"involvedObject":{"namespace":"shop","name":"app"},"lastTimestamp":"2026-01-02T03:04:05Z","type":"Normal","reason":"SuccessfulRescale","message":"New size: 3"},
			{"involvedObject":{"namespace":"shop","name":"app"},"eventTime":"2026-01-02T03:04:04.000000Z","type":"Warning","reason":"FailedGetObjectMetric","message":"unknown"},
			{"involvedObject":{"namespace":"shop","name":"other"},"lastTimestamp":"2026-01-02T03:04:05Z","type":"Normal","reason":"SuccessfulRescale"}]}`,
		app:      `{"status":{"observedGeneration":1,"replicas":2,"readyReplicas":1}}`,
		requests: value("2500"),
		gets:     value("700m"),
	}
}

func forbidden() error {
	return apierrors.NewForbidden(schema.GroupResource{}, "", errors.New("of RBAC"))
}

// unknown is what the adapter answers where a value is unknown.
func unknown(metric, cause string) error {
	err := apierrors.NewNotFound(schema.GroupResource{}, "cart")
	err.ErrStatus.Message = fmt.Sprintf("%s of redises.redis-metrics.dev %q is unknown: %s", metric, "cart", cause)
	return err
}

// write writes an overview as text, so that a test may hold the parts that it is about.
func write(o Overview) string {
	var text strings.Builder
	optional := func(replicas *int32) string {
		if replicas == nil {
			return "?"
		}
		return fmt.Sprint(*replicas)
	}
	shown := func(v Value) string {
		if v.Quantity == nil {
			return "error " + v.Error
		}
		return v.Quantity.String() + " " + v.Error
	}
	for _, object := range o.Objects {
		fmt.Fprintf(&text, "redis %s/%s %s %s %s hpas=%v\n", object.Namespace, object.Name, object.Ready, object.Reason, object.Topology, object.HPAs)
		for _, metric := range object.Metrics {
			fmt.Fprintf(&text, "  %s: %s\n", metric.Name, shown(metric.Value))
		}
	}
	for _, hpa := range o.HPAs {
		fmt.Fprintf(&text, "hpa %s/%s %d-%d current %s desired %s ready %s %s\n", hpa.Namespace, hpa.Name, hpa.Min, hpa.Max,
			optional(hpa.Current), optional(hpa.Desired), optional(hpa.Ready), hpa.ReadyError)
		for _, metric := range hpa.Metrics {
			fmt.Fprintf(&text, "  %s/%s{%s} %s %s: %s\n", metric.Redis, metric.Name, metric.Selector, metric.TargetType, metric.Target, shown(metric.Value))
		}
		for _, event := range hpa.Events {
			fmt.Fprintf(&text, "  %s\n", event.Reason)
		}
	}
	for _, problem := range o.Problems {
		fmt.Fprintf(&text, "problem %s\n", problem)
	}
	return text.String()
}

func TestAll(t *testing.T) {
	const object = "redis shop/cart True Sampled Standalone hpas=[app]\n  requests-per-second: 2500 \n"
	const metrics = "  cart/requests-per-second{} AverageValue 1k: 2500 \n  cart/requests-per-second{command=get} Value 500: 700m \n"
	const hpa = "hpa shop/app 1-5 current 2 desired 3 ready 1 \n" + metrics
	const seen = "  FailedGetObjectMetric\n  SuccessfulRescale\n"
	scope := " in namespace shop"
	needs := "forbidden: you need the right to "
	withoutStatus, _, _ := strings.Cut(appHPA, `"status":{"current`)
	for _, test := range []struct {
		name    string
		cluster cluster
		want    string
	}{
		{"healthy", healthy(), object + hpa + seen},
		{"unknown value", healthy().with(gets, unknown("requests-per-second", "no sample")),
			object + strings.ReplaceAll(hpa, "700m ", "error no sample") + seen},
		{"two values", healthy().with(gets, `{"items":[{"value":"1"},{"value":"2"}]}`),
			object + strings.ReplaceAll(hpa, "700m ", "error the answer holds 2 values, and the HPA expects one") + seen},
		{"values forbidden", healthy().with(gets, forbidden()),
			object + strings.ReplaceAll(hpa, "700m ", "error "+needs+"get redises.redis-metrics.dev/requests-per-second of group custom.metrics.k8s.io"+scope) + seen},
		{"objects forbidden", healthy().with(redises, forbidden()), hpa + seen + "problem " + needs + "list redises.redis-metrics.dev" + scope + "\n"},
		{"HPAs forbidden", healthy().with(hpas, forbidden()), strings.Replace(object, "[app]", "[]", 1) + "problem " + needs + "list horizontalpodautoscalers.autoscaling" + scope + "\n"},
		{"no such kind", healthy().with(redises, apierrors.NewNotFound(schema.GroupResource{}, "")), hpa + seen + "problem the API server does not serve redises.redis-metrics.dev\n"},
		{"Events forbidden", healthy().with(events, forbidden()), object + hpa + "problem " + needs + "list events" + scope + "\n"},
		{"workload forbidden", healthy().with(app, forbidden()),
			object + strings.Replace(hpa, "ready 1 ", "ready ? "+needs+"get statefulsets.apps"+scope, 1) + seen},
		{"workload without a status", healthy().with(app, `{}`), object + strings.Replace(hpa, "ready 1 ", "ready ? the target has no status yet", 1) + seen},
		{"no ready replicas", healthy().with(app, `{"status":{"observedGeneration":1}}`), object + strings.Replace(hpa, "ready 1", "ready 0", 1) + seen},
		{"workload of another kind", healthy().with(hpas, `{"items":[`+strings.ReplaceAll(appHPA, `"apps/v1","kind":"StatefulSet"`, `"example.com/v1","kind":"Thing"`)+`]}`),
			object + strings.Replace(hpa, "ready 1 ", "ready ? a target of kind Thing does not say it", 1) + seen},
		{"new HPA", healthy().with(hpas, `{"items":[`+withoutStatus+`"status":{"currentReplicas":0,"desiredReplicas":0}}]}`),
			object + strings.Replace(hpa, "current 2 desired 3", "current ? desired ?", 1) + seen},
		{"HPA that never had a value", healthy().with(hpas, `{"items":[`+strings.NewReplacer(`"desiredReplicas":3`, `"desiredReplicas":0`,
			`"status":"True","reason":"ValidMetricFound"`, `"status":"False","reason":"FailedGetObjectMetric"`).Replace(appHPA)+`]}`),
			object + strings.Replace(hpa, "desired 3", "desired ?", 1) + seen},
		{"HPA at 0", healthy().with(hpas, `{"items":[`+strings.NewReplacer(`"currentReplicas":2,"desiredReplicas":3`, `"currentReplicas":0,"desiredReplicas":0`,
			`"status":"True","reason":"ValidMetricFound"`, `"status":"False","reason":"ScalingDisabled"`).Replace(appHPA)+`]}`),
			object + strings.Replace(hpa, "current 2 desired 3", "current 0 desired 0", 1) + seen},
		{"object of another generation", healthy().with(redises, `{"items":[`+strings.Replace(cart, `"generation":1`, `"generation":2`, 1)+`]}`),
			strings.Replace(object, "True Sampled", "Unknown NotObserved", 1) + hpa + seen},
		{"invalid selector", healthy().with(hpas, `{"items":[`+strings.Replace(appHPA, `"matchLabels":{"command":"get"}`, `"matchExpressions":[{"key":"command","operator":"Like"}]`, 1)+`]}`),
			object + strings.NewReplacer("{command=get}", "{}", "700m ", `error the selector is invalid: "Like" is not a valid label selector operator`).Replace(hpa) + seen},
	} {
		t.Run(test.name, func(t *testing.T) {
			o, err := NewReader(test.cluster).All(t.Context(), "shop")
			if got := write(o); err != nil || got != test.want {
				t.Errorf("%v\n%s\nwant\n%s", err, got, test.want)
			}
		})
	}
}

// TestNothingRead checks that a read fails only where there is nothing to show.
func TestNothingRead(t *testing.T) {
	nothing := cluster{redises: forbidden(), redises + "/cart": forbidden(), hpas: forbidden(), events: forbidden()}
	if _, err := NewReader(nothing).All(t.Context(), "shop"); err == nil || strings.Count(err.Error(), "forbidden: you need the right to list ") != 2 {
		t.Errorf("All: %v", err)
	}
	if _, err := NewReader(nothing).Object(t.Context(), "shop", "cart"); err == nil || !strings.Contains(err.Error(), "right to get redises.redis-metrics.dev in") {
		t.Errorf("Object: %v", err)
	}
	o, err := NewReader(nothing.with(requests, value("2500"))).Object(t.Context(), "shop", "cart")
	if err != nil || !strings.Contains(write(o), "  requests-per-second: 2500 \n") {
		t.Errorf("an object of which only metrics may be read: %v\n%s", err, write(o))
	}
}

func TestObject(t *testing.T) {
	o, err := NewReader(healthy().with(values+"cart/jobs", value("7"))).Object(t.Context(), "shop", "cart")
	if err != nil {
		t.Fatal(err)
	}
	got := write(o)
	for _, want := range []string{"hpas=[app]\n", "  requests-per-second: 2500 \n", "  jobs: 7 \n", "  connected-clients: error ", "hpa shop/app "} {
		if strings.Count(got, want) != 1 {
			t.Errorf("not once %q in\n%s", want, got)
		}
	}
	if strings.Count(got, "  keys: ") != 1 {
		t.Errorf("a declared metric of a built-in name is told twice:\n%s", got)
	}
	for _, metric := range o.Objects[0].Metrics {
		if (metric.Quantity == nil) == (metric.Error == "") {
			t.Errorf("%s has both a value and an error, or neither", metric.Name)
		}
	}
	if _, err := NewReader(healthy()).Object(t.Context(), "shop", "none"); !apierrors.IsNotFound(err) {
		t.Errorf("an object that does not exist: %v", err)
	}
}

// TestManyValues bounds how many are asked for at once, how long all of it takes, and that none is asked for twice.
func TestManyValues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const objects = 1000
		var items []string
		var lock sync.Mutex
		running, most, asked := 0, 0, map[string]int{}
		c := healthy()
		for i := range objects {
			name := fmt.Sprintf("cart-%d", i)
			items = append(items, strings.Replace(cart, `"name":"cart"`, `"name":"`+name+`"`, 1))
			c[values+name+"/requests-per-second"] = func(ctx context.Context) error {
				lock.Lock()
				asked[name]++
				running++
				most = max(most, running)
				lock.Unlock()
				defer func() {
					lock.Lock()
					running--
					lock.Unlock()
				}()
				<-ctx.Done()
				return ctx.Err()
			}
		}
		c[redises] = `{"items":[` + strings.Join(items, ",") + `]}`
		c[hpas] = `{"items":[` + strings.ReplaceAll(appHPA, `"name":"cart"`, `"name":"cart-7"`) + `]}`
		began := time.Now()
		o, err := NewReader(c).All(t.Context(), "shop")
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); most > concurrency || took != patience {
			t.Errorf("%d at once, in %s, want at most %d in %s", most, took, concurrency, patience)
		}
		for _, object := range o.Objects {
			if asked[object.Name] != 1 || !strings.HasPrefix(object.Metrics[0].Error, "no answer in time to get ") {
				t.Errorf("%s: asked %d times, error %q", object.Name, asked[object.Name], object.Metrics[0].Error)
			}
		}
	})
}

// TestJSON checks that an unknown value has no number.
func TestJSON(t *testing.T) {
	o, err := NewReader(healthy().with(gets, unknown("requests-per-second", "no sample"))).All(t.Context(), "shop")
	if err != nil {
		t.Fatal(err)
	}
	written, err := json.Marshal(o.HPAs[0].Metrics)
	const want = `[{"redis":"cart","name":"requests-per-second","targetType":"AverageValue","target":"1k","value":"2500","timestamp":"2026-01-02T03:04:05Z","windowSeconds":15},` +
		`{"redis":"cart","name":"requests-per-second","selector":"command=get","targetType":"Value","target":"500","error":"no sample"}]`
	if err != nil || string(written) != want {
		t.Errorf("%v\n%s\nwant\n%s", err, written, want)
	}
}
