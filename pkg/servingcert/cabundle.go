package servingcert

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/retry"
	"k8s.io/klog/v2"
)

// fieldManager owns spec.caBundle in managedFields.
const fieldManager = "redis-metrics-adapter"

var apiServiceResource = schema.GroupVersionResource{
	Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices",
}

// APIServiceState says how an APIService stands to this adapter.
type APIServiceState string

const (
	// APIServiceOwn names this adapter's Service.
	APIServiceOwn APIServiceState = "Own"
	// APIServiceMissing does not exist; it is waited for.
	APIServiceMissing APIServiceState = "Missing"
	// APIServiceForeign names another Service, or none.
	APIServiceForeign APIServiceState = "Foreign"
	// APIServiceInsecure sets insecureSkipTLSVerify, beside which the API server refuses a caBundle.
	APIServiceInsecure APIServiceState = "InsecureSkipTLSVerify"
	// APIServiceUnknown could not be read or patched.
	APIServiceUnknown APIServiceState = "Unknown"
)

// observation is what one look at an APIService found.
type observation struct {
	state APIServiceState
	// service is the namespace/name that the APIService sends requests to.
	service string
	// shown holds the authorities that it had before this look, in case that it verifies this adapter at all.
	shown []*x509.Certificate
}

// publish sets the caBundle of the named APIService if it is this adapter's and differs, and takes it if it is to be taken.
func (r *Registration) publish(ctx context.Context, name string, bundle []*x509.Certificate) (observation, error) {
	var found observation
	err := retry.RetryOnConflict(retry.DefaultRetry, func() error {
		var err error
		found, err = r.publishOnce(ctx, name, encodeCertificates(bundle))
		return err
	})
	return r.note(ctx, name, found, err)
}

func (r *Registration) publishOnce(ctx context.Context, name string, bundlePEM []byte) (observation, error) {
	found, current, err := r.observe(ctx, name)
	switch {
	case err != nil:
		return found, err
	case r.takes(found):
		return r.take(ctx, name, found, current, bundlePEM)
	case found.state != APIServiceOwn:
		return found, nil
	}
	encoded, _, _ := unstructured.NestedString(current.Object, "spec", "caBundle")
	// What is not base64 is replaced like any other bundle that differs.
	shownPEM, _ := base64.StdEncoding.DecodeString(encoded)
	found.shown = decodeBundle(shownPEM)
	if bytes.Equal(shownPEM, bundlePEM) {
		return found, nil
	}
	return found, r.patch(ctx, name, current, map[string]any{"caBundle": bundlePEM})
}

// take sends the requests of an APIService here. Service and caBundle change in one write, since with one and not the
// other nobody would answer.
func (r *Registration) take(ctx context.Context, name string, found observation, current *unstructured.Unstructured, bundlePEM []byte) (observation, error) {
	r.mu.Lock()
	port := r.port
	r.mu.Unlock()
	err := r.patch(ctx, name, current, map[string]any{
		"service":  map[string]any{"namespace": r.cfg.Namespace, "name": r.cfg.ServiceName, "port": port},
		"caBundle": bundlePEM, "insecureSkipTLSVerify": nil,
	})
	if err != nil {
		return observation{}, err
	}
	klog.FromContext(ctx).Info("Took the APIService from the Service to which requests are delegated", "apiService", name, "service", found.service)
	return observation{state: APIServiceOwn, service: r.own()}, nil
}

// observe reads the named APIService and tells whose it is.
func (r *Registration) observe(ctx context.Context, name string) (observation, *unstructured.Unstructured, error) {
	current, err := r.cfg.Dynamic.Resource(apiServiceResource).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return observation{state: APIServiceMissing}, nil, nil
	}
	if err != nil {
		return observation{}, nil, err
	}
	namespace, _, _ := unstructured.NestedString(current.Object, "spec", "service", "namespace")
	service, _, _ := unstructured.NestedString(current.Object, "spec", "service", "name")
	found := observation{state: APIServiceOwn, service: namespace + "/" + service}
	if found.service != r.own() {
		found.state = APIServiceForeign
		return found, current, nil
	}
	if port, _, _ := unstructured.NestedInt64(current.Object, "spec", "service", "port"); port > 0 {
		r.mu.Lock()
		r.port = port
		r.mu.Unlock()
	}
	if insecure, _, _ := unstructured.NestedBool(current.Object, "spec", "insecureSkipTLSVerify"); insecure {
		found.state = APIServiceInsecure
	}
	return found, current, nil
}

// patch changes the spec of an APIService. It carries uid and resourceVersion, so that it is refused if the APIService
// changed since it was read: it may have been given to another Service.
func (r *Registration) patch(ctx context.Context, name string, current *unstructured.Unstructured, spec map[string]any) error {
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"uid": current.GetUID(), "resourceVersion": current.GetResourceVersion()},
		"spec":     spec,
	})
	if err != nil {
		return fmt.Errorf("encode patch: %w", err)
	}
	_, err = r.cfg.Dynamic.Resource(apiServiceResource).Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: fieldManager})
	return err
}
