package server

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/metrics/pkg/apis/custom_metrics"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"
)

// one is a provider of one value.
type one struct {
	provider.CustomMetricsProvider
	value custom_metrics.MetricValue
}

func (o *one) GetMetricByName(context.Context, types.NamespacedName, provider.CustomMetricInfo, labels.Selector) (*custom_metrics.MetricValue, error) {
	return &o.value, nil
}

func TestOnlyTheAutoscalersQuestionsAreTold(t *testing.T) {
	for user, told := range map[string]bool{
		"system:serviceaccount:kube-system:horizontal-pod-autoscaler": true,
		"system:kube-controller-manager":                              true,
		"system:serviceaccount:shop:horizontal-pod-autoscaler":        false,
		"jane": false,
		"":     false,
	} {
		var heard []types.NamespacedName
		answers := &one{}
		a := attentive{answers, func(object types.NamespacedName) { heard = append(heard, object) }, defaultAutoscalers()}
		name := types.NamespacedName{Namespace: "shop", Name: "cart"}
		value, err := a.GetMetricByName(asked(t.Context(), user, true).Context(), name, provider.CustomMetricInfo{}, nil)
		if err != nil || value != &answers.value {
			t.Errorf("%q is answered %v, %v", user, value, err)
		}
		if got := len(heard) == 1 && heard[0] == name; got != told || len(heard) > 1 {
			t.Errorf("%q asks, and %v is told of", user, heard)
		}
	}
}

// TestAutoscalerWaitsForNobodysAuthorization has a viewer invent more names than a client for SubjectAccessReviews lets
// through in seconds, 400 at once and then 200 a second, and the API server answers none of them.
func TestAutoscalerWaitsForNobodysAuthorization(t *testing.T) {
	const crowd = 1400
	var begun atomic.Int64
	release := make(chan struct{})
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		review := &authorizationv1.SubjectAccessReview{}
		if err := json.NewDecoder(r.Body).Decode(review); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if review.Spec.User == "viewer" {
			begun.Add(1)
			<-release
		}
		review.Status.Allowed = true
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(review)
	}))
	defer api.Close()
	options := NewOptions().Adapter.Authorization
	options.RemoteKubeConfigFile = kubeconfigFor(t, api.URL)
	var shared genericapiserver.AuthorizationInfo
	if err := options.ApplyTo(&shared); err != nil {
		t.Fatal(err)
	}
	authorized, err := withLane(shared.Authorizer, options, defaultAutoscalers())
	if err != nil {
		t.Fatal(err)
	}
	may := func(ctx context.Context, name, object string) (authorizer.Decision, error) {
		decision, _, err := authorized.Authorize(ctx, authorizer.AttributesRecord{User: &user.DefaultInfo{Name: name}, Verb: "get", ResourceRequest: true, Name: object})
		return decision, err
	}
	ctx, stop := context.WithCancel(t.Context())
	var viewers sync.WaitGroup
	for i := range crowd {
		viewers.Go(func() { _, _ = may(ctx, "viewer", fmt.Sprint("invented-", i)) })
	}
	for range 1000 {
		if begun.Load() >= 400 {
			break
		}
		<-time.After(10 * time.Millisecond)
	}
	began := time.Now()
	decision, err := may(ctx, controller, "cart")
	took, waiting := time.Since(began), crowd-begun.Load()
	stop()
	close(release)
	viewers.Wait()
	t.Logf("the controller is authorized within %s, while %d of a viewer's %d requests wait to be asked about", took, waiting, crowd)
	if err != nil || decision != authorizer.DecisionAllow || waiting <= 0 {
		t.Errorf("the controller is authorized (%v, %v) once all that a viewer asked has been asked about", decision, err)
	}
}
