package doctor

import (
	"context"
	"fmt"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
)

// adapterName is the name of the adapter's objects in the manifests.
const adapterName = "redis-metrics-adapter"

// Commands that several checks print.
const (
	applyRights   = "kubectl apply -f deploy/base/rbac.yaml"
	applyAll      = "kubectl apply -k deploy/base"
	applyPolicies = "kubectl apply -f deploy/base/admission"
	applyKind     = "kubectl apply --server-side -f deploy/base/crd"
	applyService  = "kubectl apply -f deploy/base/service.yaml"
	// allowController restores the default rule of the HPA controller's ClusterRole.
	allowController = `kubectl patch clusterrole system:controller:horizontal-pod-autoscaler --type=json -p ` +
		`'[{"op":"add","path":"/rules/-","value":{"apiGroups":["custom.metrics.k8s.io"],"resources":["*"],"verbs":["get","list"]}}]'`
)

// Doctor runs checks.
type Doctor struct {
	api     API
	catalog *catalog.Catalog
}

// New returns a Doctor for a cluster.
func New(api API) *Doctor { return &Doctor{api: api, catalog: catalog.Builtin()} }

// Installation checks the installation, and summarizes all objects.
func (d *Doctor) Installation(ctx context.Context) Report {
	var r Report
	d.installation(ctx, &r)
	r.add(d.otherAPIServices(ctx)...)
	r.add(d.allObjects(ctx))
	r.add(d.allHPAs(ctx)...)
	return r
}

// HPA checks an HPA, and everything between it, Redis and its workload.
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
		r.add(d.values(ctx, namespace, question{redis: name, metric: "requests-per-second", interval: object.Spec.Sampling.Interval.Duration})...)
	}
	return r
}

func (d *Doctor) installation(ctx context.Context, r *Report) {
	service, checks := d.apiServices(ctx)
	r.add(checks...)
	if !r.failed(HopAPI) { // with a failure, the list is stale in consequence
		r.add(d.discovery(ctx))
	}
	r.add(d.kind(ctx))
	r.add(d.rights(ctx, service)...)
	r.add(d.view(ctx), d.policies(ctx))
	if service.name != "" {
		r.add(d.adapter(ctx, service)...)
	}
}

func access(verb, group, name string) *authorizationv1.ResourceAttributes {
	return &authorizationv1.ResourceAttributes{Verb: verb, Group: group, Resource: name}
}

// kubectl returns a command for a namespace.
func kubectl(namespace, format string, args ...any) string {
	return "kubectl -n " + namespace + " " + fmt.Sprintf(format, args...)
}

// ago formats an age in whole seconds.
func ago(age time.Duration) string {
	return fmt.Sprint(age.Round(time.Second))
}
