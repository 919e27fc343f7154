package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
)

// adapterName is the name that the manifests give to what belongs to the adapter.
const adapterName = "redis-metrics-adapter"

// Doctor runs checks.
type Doctor struct {
	api     API
	catalog *catalog.Catalog
}

// New returns a Doctor who looks at a cluster.
func New(api API) (*Doctor, error) {
	metrics, err := catalog.Builtin()
	if err != nil {
		return nil, err
	}
	return &Doctor{api: api, catalog: metrics}, nil
}

// Installation checks the installation, and gives an overview of all objects.
func (d *Doctor) Installation(ctx context.Context) Report {
	var r Report
	d.installation(ctx, &r)
	r.add(d.otherAPIServices(ctx)...)
	r.add(d.policies(ctx)...)
	r.add(d.allObjects(ctx))
	r.add(d.allHPAs(ctx)...)
	return r
}

// HPA checks an HPA, and everything on the way from it to Redis and to its workload.
func (d *Doctor) HPA(ctx context.Context, namespace, name string) Report {
	var r Report
	d.installation(ctx, &r)
	d.hpa(ctx, &r, namespace, name)
	return r
}

// Redis checks a Redis object, and everything between it and the metrics API.
func (d *Doctor) Redis(ctx context.Context, namespace, name string) Report {
	var r Report
	d.installation(ctx, &r)
	object, checks := d.redis(ctx, namespace, name)
	r.add(checks...)
	if object != nil && !r.failed(HopAPI) {
		r.add(d.values(ctx, namespace, question{redis: name, metric: "requests-per-second"})...)
	}
	return r
}

func (d *Doctor) installation(ctx context.Context, r *Report) {
	service, checks := d.apiServices(ctx)
	r.add(checks...)
	r.add(d.kind(ctx))
	r.add(d.rights(ctx, service)...)
	if service.name != "" {
		r.add(d.adapter(ctx, service)...)
	}
}

// unread returns the check whose object could not be read.
func unread(hop Hop, what, resource string, err error) Check {
	var status *apierrors.StatusError
	switch {
	case apierrors.IsForbidden(err):
		return found(hop, Unknown, Forbidden, "kubectl auth can-i get "+resource, "You may not read %s.", what)
	case errors.As(err, &status):
		return found(hop, Failure, Unreadable, "kubectl get --raw /readyz", "The API server did not return %s: %s.", what, sentence(status.ErrStatus.Message))
	}
	return found(hop, Failure, Unreadable, "kubectl get --raw /readyz", "The API server did not return %s: %s.", what, sentence(err.Error()))
}

// sentence prepares a message of others to stand in a sentence: on one line, and without a full stop.
func sentence(message string) string {
	return strings.TrimSuffix(strings.Join(strings.Fields(message), " "), ".")
}

func access(verb, group, name string) *authorizationv1.ResourceAttributes {
	return &authorizationv1.ResourceAttributes{Verb: verb, Group: group, Resource: name}
}

// ago writes an age in whole seconds.
func ago(age time.Duration) string {
	return fmt.Sprint(age.Round(time.Second))
}
