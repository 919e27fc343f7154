package overview

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/kubeapi"
)

const (
	// concurrency is how many requests are sent at once. The adapter answers a few at a time.
	concurrency = 16
	// patience bounds all requests together, so a metrics API that hangs does not take its timeout for
	// each.
	patience = 10 * time.Second
)

// question is one request to the metrics API.
type question struct{ namespace, redis, metric, selector string }

// ask fills in the values of metrics and the ready replicas of targets.
func (r *Reader) ask(ctx context.Context, o *Overview) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	values := map[question][]*Value{}
	for i := range o.Objects {
		object := &o.Objects[i]
		for j := range object.Metrics {
			metric := &object.Metrics[j]
			q := question{object.Namespace, object.Name, metric.Name, ""}
			values[q] = append(values[q], &metric.Value)
		}
	}
	for i := range o.HPAs {
		hpa := &o.HPAs[i]
		for j := range hpa.Metrics {
			if metric := &hpa.Metrics[j]; metric.Error == "" {
				q := question{hpa.Namespace, metric.Redis, metric.Name, metric.Selector}
				values[q] = append(values[q], &metric.Value)
			}
		}
	}
	var requests errgroup.Group // what fails is part of the overview
	requests.SetLimit(concurrency)
	for i := range o.HPAs {
		hpa := &o.HPAs[i]
		requests.Go(func() error {
			hpa.Ready, hpa.ReadyError = r.ready(ctx, hpa)
			return nil
		})
	}
	for q, wanted := range values {
		requests.Go(func() error {
			value := r.value(ctx, q)
			for _, each := range wanted {
				*each = value
			}
			return nil
		})
	}
	_ = requests.Wait()
}

func (r *Reader) value(ctx context.Context, q question) Value {
	value, err := kubeapi.Value(ctx, r.api, kubeapi.MetricPath(q.namespace, q.redis, q.metric, q.selector))
	if err != nil {
		resource := v1alpha1.GroupResource().String() + "/" + q.metric + " of group " + kubeapi.CustomMetrics
		return Value{Error: cause(describe(err, "get", resource, q.namespace), q.metric)}
	}
	return Value{Quantity: &value.Value, Timestamp: value.Timestamp.Time, WindowSeconds: value.WindowSeconds}
}

// cause returns why a metric is unknown, without the names that are shown next to it.
func cause(err error, metric string) string {
	before, after, found := strings.Cut(err.Error(), " is unknown: ")
	if found && strings.HasPrefix(before, metric+" of ") {
		return after
	}
	return err.Error()
}

// resources are the workloads whose status says how many replicas are ready.
var resources = map[schema.GroupKind]string{
	{Group: "apps", Kind: "StatefulSet"}: "statefulsets",
	{Group: "apps", Kind: "Deployment"}:  "deployments",
	{Group: "apps", Kind: "ReplicaSet"}:  "replicasets",
}

// ready returns how many replicas of an HPA's target are ready, or else why that is unknown.
func (r *Reader) ready(ctx context.Context, hpa *HPA) (*int32, string) {
	kind := schema.FromAPIVersionAndKind(hpa.Target.APIVersion, hpa.Target.Kind)
	resource, known := resources[kind.GroupKind()]
	if !known {
		return nil, "a target of kind " + kind.Kind + " does not say it"
	}
	var workload struct {
		Status struct {
			ObservedGeneration int64 `json:"observedGeneration"`
			ReadyReplicas      int32 `json:"readyReplicas"`
		} `json:"status"`
	}
	at := kubeapi.Path("/apis/"+kind.GroupVersion().String(), hpa.Namespace, resource+"/"+hpa.Target.Name)
	if err := r.api.Get(ctx, at, &workload); err != nil {
		return nil, describe(err, "get", resource+"."+kind.Group, hpa.Namespace).Error()
	}
	if workload.Status.ObservedGeneration == 0 {
		return nil, "the target has no status yet"
	}
	return &workload.Status.ReadyReplicas, ""
}

// describe returns an error of one line that says what could not be read, and which
// right is missing, if any.
func describe(err error, verb, resource, namespace string) error {
	scope := "in all namespaces"
	if namespace != "" {
		scope = "in namespace " + namespace
	}
	switch {
	case err == nil:
		return nil
	case apierrors.IsForbidden(err):
		return fmt.Errorf("forbidden: you need the right to %s %s %s", verb, resource, scope)
	case verb == "list" && apierrors.IsNotFound(err):
		return fmt.Errorf("the API server does not serve %s", resource)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("no answer in time to %s %s %s", verb, resource, scope)
	}
	return errors.New(strings.Join(strings.Fields(err.Error()), " "))
}
