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
	// UID tells an object from one that had its name before.
	UID types.UID
	// Generation is the generation of the spec that the target was made from.
	Generation int64
	// Labels are the labels of the object, by which the metrics API selects objects.
	Labels labels.Set

	// Address is the host and port to sample.
	Address string
	// Database is the logical database that the metric keys counts.
	Database int
	// Auth says by which user and password to authenticate, nil for not at all.
	Auth *Auth
	// TLS says how to speak TLS, nil for not at all.
	TLS *TLS
	// Interval is the time from one sample to the next.
	Interval time.Duration
	// Timeout bounds one sample.
	Timeout time.Duration
	// Window is the time over which rates are taken.
	Window time.Duration
	// MaxAge is the age past which a sample is not served.
	MaxAge time.Duration

	// Declared are the metrics that the object declares and that can be probed.
	Declared []Declared
	// Probes asks the server for Declared, in their order. It is nil if there are none.
	Probes *probe.Plan
	// Problems tell of the declared metrics that are wrong.
	Problems []Problem

	// Status is the status that the object has. It must not be modified.
	Status *v1alpha1.RedisStatus
}

// ID names the object and the generation of its spec: what was measured under
// one ID is never mixed with what is measured under another.
func (t *Target) ID() string {
	return string(t.UID) + "/" + strconv.FormatInt(t.Generation, 10)
}

// fromObject fails for an object that the schema should have refused.
func fromObject(o *v1alpha1.Redis) (*Target, error) {
	t := &Target{
		NamespacedName: types.NamespacedName{Namespace: o.Namespace, Name: o.Name},
		UID:            o.UID,
		Generation:     o.Generation,
		Labels:         o.Labels,
		Address:        o.Spec.Address,
		Database:       int(o.Spec.Database),
		Interval:       o.Spec.Sampling.Interval.Duration,
		Timeout:        o.Spec.Sampling.Timeout.Duration,
		Window:         o.Spec.Sampling.Window.Duration,
		MaxAge:         o.Spec.Sampling.MaxAge.Duration,
		Status:         &o.Status,
	}
	for field, duration := range map[string]time.Duration{
		"interval": t.Interval, "timeout": t.Timeout, "window": t.Window, "maxAge": t.MaxAge,
	} {
		if duration <= 0 {
			return nil, fmt.Errorf("spec.sampling.%s must be above 0: is the CustomResourceDefinition the one of this version?", field)
		}
	}
	if t.Address == "" {
		return nil, errors.New("spec.address is required: write host:port")
	}
	if err := t.access(&o.Spec); err != nil {
		return nil, err
	}
	return t, nil
}
