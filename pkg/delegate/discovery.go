package delegate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"
	"k8s.io/metrics/pkg/apis/custom_metrics/v1beta1"
	"k8s.io/metrics/pkg/apis/custom_metrics/v1beta2"
)

const (
	// listInterval is how often discovery is read, and relistInterval how soon after a
	// failure.
	listInterval   = time.Minute
	relistInterval = 10 * time.Second
	// listBytes and listedAtMost bound the list of a version. A longer list is not used
	// at all.
	listBytes    = 4 << 20
	listedAtMost = 10_000
)

// SegmentBytes bounds a resource and a metric in a path, like the API server bounds
// path segments in an HPA.
const SegmentBytes = 253

// listing is what the backend listed. It is immutable.
type listing struct {
	at time.Time
	// versions has the resources of each version that the backend serves.
	versions map[string][]metav1.APIResource
}

// lacks reports whether the backend is known not to serve a version.
func (l *listing) lacks(version string) bool {
	_, served := l.versions[version]
	return !served && len(l.versions) > 0
}

// runDiscovery reads discovery periodically until ctx ends. After a failure, the last
// listing stays.
func (b *Backend) runDiscovery(ctx context.Context) {
	for ctx.Err() == nil {
		next := listInterval
		if err := b.refresh(ctx); err != nil && ctx.Err() == nil {
			klog.FromContext(ctx).Error(err, "Cannot read what the delegate serves, trying again")
			next = relistInterval
		}
		sleep(ctx, next, nil)
	}
}

// refresh reads the file of the authority and discovery of both versions.
func (b *Backend) refresh(ctx context.Context) error {
	if err := b.transport.load(); err != nil {
		klog.FromContext(ctx).Error(err, "Cannot load the delegate's authority, keeping the previous one")
	}
	if b.tokens.current() == "" {
		return errors.New("there is no token yet")
	}
	found := &listing{at: time.Now(), versions: map[string][]metav1.APIResource{}}
	for _, version := range []string{v1beta1.SchemeGroupVersion.Version, v1beta2.SchemeGroupVersion.Version} {
		resources, served, err := b.list(ctx, version)
		if err != nil {
			return fmt.Errorf("discovery of %s: %w", version, err)
		}
		if served {
			found.versions[version] = resources
		}
	}
	if len(found.versions) == 0 {
		return errors.New("the delegate serves no version of custom.metrics.k8s.io")
	}
	if before := b.known.Load(); found.lacks(v1beta2.SchemeGroupVersion.Version) && !before.lacks(v1beta2.SchemeGroupVersion.Version) {
		klog.FromContext(ctx).Error(nil, "The delegate serves v1beta1 alone: requests for its metrics in v1beta2 are refused, "+
			"and HorizontalPodAutoscalers ask in v1beta2; leave it its APIServices, or update it")
	}
	b.learn(found)
	return nil
}

// list reads discovery of a version. served is false if the backend says that it
// does not serve it.
func (b *Backend) list(ctx context.Context, version string) (resources []metav1.APIResource, served bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+b.cfg.host()+root+version, nil)
	if err != nil {
		return nil, false, err
	}
	r.Header = b.headers(http.Header{"Accept": {"application/json"}, "User-Agent": {"redis-metrics-adapter"}})
	response, err := b.round.RoundTrip(r)
	if err != nil {
		return nil, false, err
	}
	defer func() { _ = response.Body.Close() }()
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound:
		return nil, false, nil
	case http.StatusUnauthorized:
		b.tokens.reject()
		return nil, false, TokenRejected
	default:
		return nil, false, fmt.Errorf("answered %d", response.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, listBytes+1))
	if err != nil {
		return nil, false, err
	}
	resources, err = b.readList(text)
	return resources, true, err
}

// readList returns the metrics in a list, in order, without those that the
// adapter serves itself.
func (b *Backend) readList(text []byte) ([]metav1.APIResource, error) {
	if len(text) > listBytes {
		return nil, fmt.Errorf("the list has more than %d MiB", listBytes>>20)
	}
	// Other fields of a resource are ignored, and cost nothing.
	var list struct {
		Kind      string
		Resources []struct {
			Name       string
			Namespaced bool
		}
	}
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("the list cannot be read: %w", err)
	}
	if list.Kind != "APIResourceList" {
		return nil, errors.New("the list is no APIResourceList")
	}
	if len(list.Resources) > listedAtMost {
		return nil, fmt.Errorf("the list has %d resources, at most %d are read", len(list.Resources), listedAtMost)
	}
	var found []metav1.APIResource
	for _, listed := range list.Resources {
		resource, metric, _ := strings.Cut(listed.Name, "/")
		if IsSegment(resource) && IsSegment(metric) && !b.cfg.Owns(resource) {
			found = append(found, metav1.APIResource{Name: listed.Name, Namespaced: listed.Namespaced, Kind: "MetricValueList", Verbs: metav1.Verbs{"get"}})
		}
	}
	byName := func(a, b metav1.APIResource) int { return strings.Compare(a.Name, b.Name) }
	slices.SortFunc(found, byName)
	return slices.CompactFunc(found, func(a, b metav1.APIResource) bool { return byName(a, b) == 0 }), nil
}

// IsSegment reports whether a name can be a segment of a path.
func IsSegment(name string) bool {
	return name != "" && len(name) <= SegmentBytes && name != "." && name != ".." &&
		!strings.ContainsFunc(name, func(c rune) bool { return c <= ' ' || c > '~' || c == '/' })
}
