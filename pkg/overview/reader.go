package overview

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"slices"
	"sync"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/kubeapi"
)

// Reader reads overviews of a cluster.
type Reader struct {
	api     kubeapi.Getter
	catalog *catalog.Catalog
}

// NewReader returns a Reader of a cluster, with the rights of the Getter.
func NewReader(api kubeapi.Getter) *Reader { return &Reader{api, catalog.Builtin()} }

// All reads the objects and HPAs of a namespace, or of all if it is empty. An error means that nothing could be read.
func (r *Reader) All(ctx context.Context, namespace string) (Overview, error) {
	var objects v1alpha1.RedisList
	hpas, events, objectsErr, hpasErr, eventsErr := r.read(ctx, namespace, kubeapi.Redises(namespace), &objects)
	objectsErr = describe(objectsErr, "list", v1alpha1.GroupResource().String(), namespace)
	if objectsErr != nil && hpasErr != nil {
		return Overview{}, errors.Join(objectsErr, hpasErr)
	}
	o := Overview{Problems: problems(objectsErr, hpasErr, eventsErr)}
	requests, _ := r.catalog.Lookup(catalog.RequestsPerSecond)
	for i := range objects.Items {
		object := newObject(&objects.Items[i])
		object.Metrics = []ObjectMetric{{Name: requests.Name, Unit: requests.Unit}}
		o.Objects = append(o.Objects, object)
	}
	for i := range hpas {
		o.addHPA(&hpas[i], events, "")
	}
	return r.complete(ctx, o), nil
}

// Object reads one object with all its metrics, and the HPAs that use it. An error means that the object does not
// exist, or that nothing could be read.
func (r *Reader) Object(ctx context.Context, namespace, name string) (Overview, error) {
	var object v1alpha1.Redis
	hpas, events, objectErr, hpasErr, eventsErr := r.read(ctx, namespace, kubeapi.Redises(namespace)+"/"+name, &object)
	if apierrors.IsNotFound(objectErr) {
		return Overview{}, objectErr
	}
	objectErr = describe(objectErr, "get", v1alpha1.GroupResource().String(), namespace)
	o := Overview{Problems: problems(objectErr, hpasErr, eventsErr)}
	if objectErr == nil {
		o.Objects = []Object{newObject(&object)}
	} else { // the right to its metrics is another
		o.Objects = []Object{{Namespace: namespace, Name: name, Ready: string(metav1.ConditionUnknown)}}
	}
	for _, metric := range r.catalog.All() {
		o.Objects[0].Metrics = append(o.Objects[0].Metrics, ObjectMetric{Name: metric.Name, Unit: metric.Unit})
	}
	for _, metric := range object.Spec.Metrics {
		if _, builtin := r.catalog.Lookup(metric.Name); !builtin {
			o.Objects[0].Metrics = append(o.Objects[0].Metrics, ObjectMetric{Name: metric.Name})
		}
	}
	for i := range hpas {
		o.addHPA(&hpas[i], events, name)
	}
	o = r.complete(ctx, o)
	known := func(m ObjectMetric) bool { return m.Quantity != nil }
	if objectErr != nil && hpasErr != nil && !slices.ContainsFunc(o.Objects[0].Metrics, known) {
		return Overview{}, errors.Join(objectErr, hpasErr, errors.New(o.Objects[0].Metrics[0].Error))
	}
	return o, nil
}

// read reads objects at a path, and HPAs and their Events.
func (r *Reader) read(ctx context.Context, namespace, at string, objects any) (
	_ []autoscalingv2.HorizontalPodAutoscaler, _ []corev1.Event, objectsErr, hpasErr, eventsErr error,
) {
	var hpas autoscalingv2.HorizontalPodAutoscalerList
	var events corev1.EventList
	selector := url.QueryEscape("involvedObject.kind=HorizontalPodAutoscaler")
	var reads sync.WaitGroup
	reads.Go(func() { objectsErr = r.api.Get(ctx, at, objects) })
	reads.Go(func() { hpasErr = r.api.Get(ctx, kubeapi.HPAs(namespace), &hpas) })
	reads.Go(func() {
		eventsErr = r.api.Get(ctx, kubeapi.Path("/api/v1", namespace, "events?fieldSelector="+selector), &events)
	})
	reads.Wait()
	return hpas.Items, events.Items, objectsErr, describe(hpasErr, "list", "horizontalpodautoscalers.autoscaling", namespace),
		describe(eventsErr, "list", "events", namespace)
}

func problems(errs ...error) (told []string) {
	for _, err := range errs {
		if err != nil {
			told = append(told, err.Error())
		}
	}
	return told
}

// complete sorts the overview, and requests what the lists do not contain.
func (r *Reader) complete(ctx context.Context, o Overview) Overview {
	slices.SortFunc(o.Objects, func(a, b Object) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	slices.SortFunc(o.HPAs, func(a, b HPA) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	for i := range o.Objects {
		object := &o.Objects[i]
		for _, hpa := range o.HPAs {
			if hpa.Namespace == object.Namespace && hpa.uses(object.Name) {
				object.HPAs = append(object.HPAs, hpa.Name)
			}
		}
	}
	r.ask(ctx, &o)
	o.Time = time.Now()
	return o
}
