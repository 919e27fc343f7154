package target

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
)

// Target is what one Redis object asks for. It is immutable: a changed object
// makes a new Target.
type Target struct {
	types.NamespacedName
	// UID distinguishes an object from an earlier one of the same name.
	UID types.UID
	// Generation is the generation of the spec that the target was made from.
	Generation int64
	// Labels are the labels of the object, by which the metrics API selects objects.
	Labels labels.Set

	// Address is the host and port of a server, or unix:// and the path of its socket. It is empty
	// if Sentinel or Cluster is set.
	Address string
	// Sentinel says how to find the server by sentinels, nil if there are none.
	Sentinel *Sentinel
	// Cluster says how to find the servers of a Redis Cluster, nil if it is not one.
	Cluster *Cluster
	// Replicas means that replicas are sampled as well.
	Replicas bool
	// Database is the logical database that the metric keys counts.
	Database int
	// Access is how the adapter authenticates at the servers.
	Access
	// Interval is the time from one sample to the next.
	Interval time.Duration
	// Timeout bounds one sample.
	Timeout time.Duration
	// Window is the time over which rates are taken.
	Window time.Duration
	// MaxAge is the age beyond which a sample is not served.
	MaxAge time.Duration

	// Declared are the valid metrics that the object declares.
	Declared []Declared
	// Probes asks the server for Declared, in their order. It is nil if there are none.
	Probes *probe.Plan
	// Problems describe the invalid declared metrics and fallbacks.
	Problems []Problem

	// Fallback is the fallback of all metrics that Fallbacks does not name, nil if an error is
	// served.
	Fallback *Fallback
	// Fallbacks are the fallbacks of single metrics, nil for one if an error is served.
	Fallbacks map[string]*Fallback

	// Status is the status that the object has. It must not be modified.
	Status *v1alpha1.RedisStatus
}

// Sentinel says which sentinels know a primary's address.
type Sentinel struct {
	// MasterName is the name of the primary among those that the sentinels watch.
	MasterName string
	// Addresses are the hosts and ports of the sentinels, at least one.
	Addresses []string
	// Access is how the adapter authenticates at the sentinels.
	Access
}

// Cluster is a Redis Cluster.
type Cluster struct {
	// Addresses are the hosts and ports of some nodes, at least one.
	Addresses []string
	// AllowPartial means that the shards that answer are enough.
	AllowPartial bool
}

// ID identifies the object and the generation of its spec. Samples of different IDs are
// never mixed.
func (t *Target) ID() string {
	return string(t.UID) + "/" + strconv.FormatInt(t.Generation, 10)
}

// fromObject fails for an object that the schema should have refused.
func fromObject(o *v1alpha1.Redis) (*Target, error) {
	t := &Target{
		NamespacedName: named(o),
		UID:            o.UID,
		Generation:     o.Generation,
		Labels:         o.Labels,
		Address:        o.Spec.Address,
		Database:       int(o.Spec.Database),
		Interval:       o.Spec.Sampling.Interval.Duration,
		Timeout:        o.Spec.Sampling.Timeout.Duration,
		Window:         o.Spec.Sampling.Window.Duration,
		MaxAge:         o.Spec.Sampling.MaxAge.Duration,
		Status:         statusOf(o),
	}
	for field, duration := range map[string]time.Duration{
		"interval": t.Interval, "timeout": t.Timeout, "window": t.Window, "maxAge": t.MaxAge,
	} {
		if duration <= 0 {
			return nil, fmt.Errorf("spec.sampling.%s must be above 0: is the CustomResourceDefinition the one of this version?", field)
		}
	}
	if err := t.locate(&o.Spec); err != nil {
		return nil, err
	}
	return t, t.allow(&o.Spec)
}

// locate reads where the servers are. The schema admits exactly one way.
func (t *Target) locate(spec *v1alpha1.RedisSpec) error {
	t.Replicas = spec.Replicas == v1alpha1.ReplicasSample
	ways := 0
	if spec.Address != "" {
		t.Address = spec.Address
		ways++
	}
	if s := spec.Sentinel; s != nil && len(s.Addresses) > 0 {
		t.Sentinel = &Sentinel{MasterName: s.MasterName, Addresses: s.Addresses}
		ways++
	}
	if c := spec.Cluster; c != nil && len(c.Addresses) > 0 {
		t.Cluster = &Cluster{Addresses: c.Addresses, AllowPartial: c.Partial == v1alpha1.PartialAllow}
		ways++
	}
	if ways != 1 {
		return errors.New("spec must have exactly one of address, sentinel and cluster: is the CustomResourceDefinition the one of this version?")
	}
	return nil
}
