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

// APIServiceState is the state of an APIService from this adapter's point of view.
type APIServiceState string

const (
	// APIServiceOwn means that it names this adapter's Service.
	APIServiceOwn APIServiceState = "Own"
	// APIServiceMissing means that it does not exist yet.
	APIServiceMissing APIServiceState = "Missing"
	// APIServiceForeign means that it names another Service, or none.
	APIServiceForeign APIServiceState = "Foreign"
	// APIServiceInsecure means that it sets insecureSkipTLSVerify, with which the API server refuses
	// a caBundle.
	APIServiceInsecure APIServiceState = "InsecureSkipTLSVerify"
	// APIServiceUnknown means that it could not be read or patched.
	APIServiceUnknown APIServiceState = "Unknown"
)

// observation is what one read of an APIService found.
type observation struct {
	state APIServiceState
	// service is the Service of the APIService, namespace/name.
	service string
	// shown holds the authorities that it had before, if it verifies this adapter at all.
	shown []*x509.Certificate
}

// publish sets the caBundle of an APIService if it is this adapter's and differs, or takes the APIService if it is to
// be taken.
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
	// A bundle that is not base64 is replaced like any other that differs.
	shownPEM, _ := base64.StdEncoding.DecodeString(encoded)
	found.shown = decodeBundle(shownPEM)
	if bytes.Equal(shownPEM, bundlePEM) {
		return found, nil
	}
	return found, r.patch(ctx, name, current, map[string]any{"caBundle": bundlePEM})
}

// take makes an APIService send its requests to this adapter. Service and caBundle change in one write, because
// nobody could answer with only one of them changed.
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

// observe reads an APIService and says to whom it belongs.
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

// patch changes the spec of an APIService. It contains uid and resourceVersion, so the API server refuses it if the
// APIService has changed since it was read and may belong to another Service.
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
