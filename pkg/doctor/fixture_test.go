package doctor

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// cluster is an API that serves objects from memory.
type cluster struct {
	// objects are JSON by path, without a query. "NOW" stands for the current time.
	objects map[string]string
	// errors are answered instead.
	errors map[string]error
	// forbidden are beginnings of paths.
	forbidden []string
	// denied are the resources for which Allowed says no.
	denied []string
	// served are the certificates of the adapter's pods.
	served []*x509.Certificate
}

func (c *cluster) Get(_ context.Context, at string, into any) error {
	at, _, _ = strings.Cut(at, "?")
	parts := strings.Split(at, "/")
	name, resource := parts[len(parts)-1], schema.GroupResource{Resource: parts[len(parts)-2]}
	if slices.ContainsFunc(c.forbidden, func(beginning string) bool { return strings.HasPrefix(at, beginning) }) {
		return apierrors.NewForbidden(resource, name, nil)
	}
	if err := c.errors[at]; err != nil {
		return err
	}
	text, found := c.objects[at]
	if !found {
		return apierrors.NewNotFound(resource, name)
	}
	if raw, ok := into.(*string); ok {
		*raw = text
		return nil
	}
	return json.Unmarshal([]byte(strings.ReplaceAll(text, `"NOW"`, time.Now().UTC().Format(`"`+metav1.RFC3339Micro+`"`))), into)
}

func (c *cluster) Allowed(_ context.Context, spec authorizationv1.SubjectAccessReviewSpec) (bool, error) {
	if slices.Contains(c.forbidden, "subjectaccessreviews") && spec.User != "" {
		return false, apierrors.NewForbidden(schema.GroupResource{Resource: "subjectaccessreviews"}, "", nil)
	}
	return !slices.Contains(c.denied, spec.ResourceAttributes.Resource), nil
}

func (c *cluster) ServedCertificates(_ context.Context, _, pod string, port int32) ([]*x509.Certificate, error) {
	if slices.Contains(c.forbidden, "portforward") || slices.Contains(c.forbidden, "/") {
		return nil, apierrors.NewForbidden(schema.GroupResource{Resource: "pods/portforward"}, pod, nil)
	}
	if len(c.served) == 0 || port != 6443 {
		return nil, fmt.Errorf("no certificate at port %d", port)
	}
	return c.served, nil
}

func (c *cluster) User(context.Context) (string, error) { return "jane", nil }

const (
	apiServiceV1beta1 = "/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.custom.metrics.k8s.io"
	apiServiceV1beta2 = "/apis/apiregistration.k8s.io/v1/apiservices/v1beta2.custom.metrics.k8s.io"
	allAPIServices    = "/apis/apiregistration.k8s.io/v1/apiservices"
	definition        = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/redises.redis-metrics.dev"
	adapterService    = "/api/v1/namespaces/redis-metrics-adapter/services/redis-metrics-adapter"
	adapterPods       = "/api/v1/namespaces/redis-metrics-adapter/pods"
	adapterAnswer     = "/api/v1/namespaces/redis-metrics-adapter/pods/https:a:/proxy/readyz"
	adapterLease      = "/apis/coordination.k8s.io/v1/namespaces/redis-metrics-adapter/leases/redis-metrics-adapter"
	shopHPAs          = "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers"
	shopEvents        = "/api/v1/namespaces/shop/events"
	shopPods          = "/api/v1/namespaces/shop/pods"
	shopBudgets       = "/apis/policy/v1/namespaces/shop/poddisruptionbudgets"
	shopSet           = "/apis/apps/v1/namespaces/shop/statefulsets/app"
	shopRedises       = "/apis/redis-metrics.dev/v1alpha1/namespaces/shop/redises"
	cart              = "/apis/redis-metrics.dev/v1alpha1/namespaces/shop/redises/cart"
	cartRequests      = "/apis/custom.metrics.k8s.io/v1beta2/namespaces/shop/redises.redis-metrics.dev/cart/requests-per-second"
	viewRole          = "/apis/rbac.authorization.k8s.io/v1/clusterroles/view"
	policies          = "/apis/admissionregistration.k8s.io/v1/"
)

const (
	available = `{"spec":{"service":{"namespace":"redis-metrics-adapter","name":"redis-metrics-adapter"}},
		"status":{"conditions":[{"type":"Available","status":"True"}]}}`
	appHPA = `{"metadata":{"name":"app","namespace":"shop"},"spec":{"minReplicas":1,"maxReplicas":5,
		"scaleTargetRef":{"apiVersion":"apps/v1","kind":"StatefulSet","name":"app"},"metrics":[{"type":"Object","object":{
			"describedObject":{"apiVersion":"redis-metrics.dev/v1alpha1","kind":"Redis","name":"cart"},
			"metric":{"name":"requests-per-second"},"target":{"type":"AverageValue","averageValue":"1000"}}}]},
		"status":{"currentReplicas":2,"desiredReplicas":2,"conditions":[
			{"type":"AbleToScale","status":"True","reason":"ReadyForNewScale"},
			{"type":"ScalingActive","status":"True","reason":"ValidMetricFound"},
			{"type":"ScalingLimited","status":"False","reason":"DesiredWithinRange"},
			{"type":"ScaledToZero","status":"False","reason":"NotScaledToZero"}]}}`
	redis = `{"metadata":{"name":"cart","namespace":"shop","generation":1},"spec":{"sampling":{"interval":"5200ms"}},"status":{"observedGeneration":1,"conditions":[
		{"type":"Ready","status":"True","reason":"Sampled","message":"Metrics are served."},
		{"type":"Reachable","status":"True","reason":"Answered","message":"The last attempt to sample succeeded."}]}}`
	value = `{"items":[{"metric":{"name":"requests-per-second"},"timestamp":"NOW","windowSeconds":15,"value":"2500"}]}`
	set   = `{"metadata":{"name":"app","namespace":"shop"},"spec":{"replicas":2,"selector":{"matchLabels":{"app":"app"}},"template":{"metadata":{"labels":{"app":"app"}}}},
		"status":{"replicas":2,"readyReplicas":2}}`
	readyPod = `{"metadata":{"name":"a","namespace":"redis-metrics-adapter"},"spec":{"containers":[{"image":"redis-metrics-adapter:dev","ports":[{"name":"https","containerPort":6443}]}]},
		"status":{"conditions":[{"type":"Ready","status":"True"}]}}`
)

// healthy is a cluster without a trouble.
func healthy() *cluster {
	objects := map[string]string{
		"/version":        `{"major":"1","minor":"37","gitVersion":"v1.37.2"}`,
		apiServiceV1beta1: available,
		apiServiceV1beta2: available,
		allAPIServices:    `{"items":[]}`,
		definition:        `{"spec":{"versions":[{"name":"v1alpha1","served":true}]},"status":{"conditions":[{"type":"Established","status":"True"}]}}`,
		adapterService:    `{"spec":{"selector":{"app.kubernetes.io/name":"redis-metrics-adapter"},"ports":[{"port":443,"targetPort":"https"}]}}`,
		adapterPods:       `{"items":[` + readyPod + `]}`,
		adapterLease:      `{"spec":{"holderIdentity":"a","leaseDurationSeconds":15,"renewTime":"NOW"}}`,
		shopHPAs:          `{"items":[` + appHPA + `]}`,
		"/apis/autoscaling/v2/horizontalpodautoscalers": `{"items":[` + appHPA + `]}`,
		"/apis": `{"items":[{"metadata":{"name":"custom.metrics.k8s.io"},"versions":[
			{"version":"v1beta2","freshness":"Current","resources":[{}]},{"version":"v1beta1","freshness":"Current","resources":[{}]}]}]}`,
		"/apis/redis-metrics.dev/v1alpha1":         `{}`,
		"/apis/redis-metrics.dev/v1alpha1/redises": `{"items":[` + redis + `]}`,
		adapterAnswer: "ok",
		viewRole:      `{"rules":[{"apiGroups":["custom.metrics.k8s.io"],"resources":["*"],"verbs":["get"]}]}`,
		shopBudgets:   `{}`,
		shopEvents:    `{}`,
		shopSet:       set,
		cart:          redis,
		cartRequests:  value,
	}
	for _, name := range []string{"secrets", "addresses", "scripts"} {
		objects[policies+"validatingadmissionpolicies/redis-metrics-adapter-"+name] = `{}`
		objects[policies+"validatingadmissionpolicybindings/redis-metrics-adapter-"+name] = `{"spec":{"policyName":"redis-metrics-adapter-` + name + `","validationActions":["Deny"]}}`
	}
	return &cluster{objects: objects, errors: map[string]error{}, served: []*x509.Certificate{{NotAfter: time.Now().Add(365 * 24 * time.Hour)}}}
}

// trusts has an APIService trust an authority.
func trusts(apiService string, authority *redistest.Authority) func(*cluster) {
	return replace(apiService, `"spec":{`, fmt.Sprintf(`"spec":{"caBundle":%q,`, base64.StdEncoding.EncodeToString(authority.PEM)))
}

// issue makes a certificate of the adapter.
func issue(t *testing.T, authority *redistest.Authority, notAfter time.Time) []*x509.Certificate {
	t.Helper()
	text, _ := authority.Issue(notAfter, "redis-metrics-adapter.redis-metrics-adapter.svc")
	block, _ := pem.Decode(text)
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return []*x509.Certificate{certificate}
}

// unknownValue is what the metrics API answers where a value is unknown for a cause.
func unknownValue(cause string) error {
	err := apierrors.NewNotFound(schema.GroupResource{}, "cart")
	err.ErrStatus.Message = fmt.Sprintf("requests-per-second of redises.redis-metrics.dev %q is unknown: %s", "cart", cause)
	return err
}
