package status

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
)

// FieldManager owns the fields of status in server-side apply.
const FieldManager = "redis-metrics-adapter"

// write is one status on its way to the API server.
type write struct {
	name   types.NamespacedName
	uid    types.UID
	status *v1alpha1.RedisStatus
}

// otherObjectError means that the status was written to an object that had taken the
// name of the intended one before the watch showed it.
type otherObjectError struct {
	uid types.UID
}

func (e *otherObjectError) Error() string {
	return fmt.Sprintf("the name now belongs to another object, with UID %s", e.uid)
}

func applyStatus(ctx context.Context, client rest.Interface, w write) error {
	// Only fields that the adapter owns. For the status of a custom resource, the API server does
	// not compare the UID with the object's own (tried on 1.37): see otherObjectError.
	body, err := json.Marshal(map[string]any{
		"apiVersion": v1alpha1.GroupVersion().String(), "kind": v1alpha1.Kind,
		"metadata": map[string]any{"namespace": w.name.Namespace, "name": w.name.Name, "uid": w.uid},
		"status":   w.status,
	})
	if err != nil {
		return fmt.Errorf("encoding status: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	response, err := client.Patch(types.ApplyYAMLPatchType).
		Namespace(w.name.Namespace).
		Resource(v1alpha1.Resource).
		Name(w.name.Name).
		SubResource("status").
		Param("fieldManager", FieldManager).
		Param("force", "true").
		MaxRetries(0).
		Body(body).
		Do(ctx).
		Raw()
	if err != nil {
		return err
	}
	var written metav1.PartialObjectMetadata
	if err := json.Unmarshal(response, &written); err != nil {
		return fmt.Errorf("decoding the response: %w", err)
	}
	if written.UID != w.uid {
		return &otherObjectError{uid: written.UID}
	}
	return nil
}

// isGone reports whether no object has this UID any more. A conflict of the UID is the
// only one that a forced apply can have.
func isGone(err error) bool {
	_, other := errors.AsType[*otherObjectError](err)
	return other || apierrors.IsNotFound(err) || apierrors.IsConflict(err)
}

// loggable removes what the API server quotes of the object, such as its address.
func loggable(err error) error {
	if !apierrors.IsInvalid(err) {
		return err
	}
	return fmt.Errorf("the API server refused the status (%d %s): is the CustomResourceDefinition the one of this version?",
		http.StatusUnprocessableEntity, metav1.StatusReasonInvalid)
}
