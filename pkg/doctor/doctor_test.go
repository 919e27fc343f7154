package doctor

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

func TestNoTroubleIfHealthy(t *testing.T) {
	d := New(healthy())
	for name, report := range map[string]Report{
		"installation": d.Installation(t.Context()), "hpa": d.HPA(t.Context(), "shop", "app"),
		"redis": d.Redis(t.Context(), "shop", "cart"), "pre": d.Before(t.Context()),
	} {
		if report.ExitCode() != 0 {
			t.Errorf("%s: exit code %d of %+v", name, report.ExitCode(), report.Checks)
		}
	}
}

// replace edits an object that must hold the text.
func replace(at, old, with string) func(*cluster) {
	return func(c *cluster) {
		if !strings.Contains(c.objects[at], old) {
			panic(fmt.Sprintf("%s does not hold %q", at, old))
		}
		c.objects[at] = strings.ReplaceAll(c.objects[at], old, with)
	}
}

func without(at string) func(*cluster) {
	return func(c *cluster) { delete(c.objects, at) }
}

func answers(at, text string) func(*cluster) {
	return func(c *cluster) { c.objects[at] = text }
}

func fails(at string, err error) func(*cluster) {
	return func(c *cluster) { c.errors[at] = err }
}

// unavailable has both APIServices not Available.
func unavailable(reason, message string) func(*cluster) {
	return func(c *cluster) {
		for _, at := range []string{apiServiceV1beta1, apiServiceV1beta2} {
			replace(at, `"status":"True"`, fmt.Sprintf(`"status":"False","reason":%q,"message":%q`, reason, message))(c)
		}
		c.errors[cartRequests] = errors.New("the server is currently unable to handle the request")
	}
}

// untrusted has the API server report both APIServices as Available, and then not trust the certificate of the adapter.
func untrusted(message string) func(*cluster) {
	return func(c *cluster) {
		err := apierrors.NewGenericServerResponse(http.StatusServiceUnavailable, "get", schema.GroupResource{}, "",
			"error trying to reach service: tls: failed to verify certificate: "+message, 0, true)
		for _, at := range []string{"/apis/custom.metrics.k8s.io/v1beta1", "/apis/custom.metrics.k8s.io/v1beta2", cartRequests} {
			c.errors[at] = err
		}
	}
}

// notReady has the Redis object fail for a reason.
func notReady(reason, message string) func(*cluster) {
	return func(c *cluster) {
		replace(cart, `"status":"True","reason":"Sampled","message":"Metrics are served."`, fmt.Sprintf(`"status":"False","reason":%q,"message":%q`, reason, message))(c)
		c.errors[cartRequests] = unknownValue("the newest sample is 23s old, more than maxAge 15s; the last attempt failed: " + message)
	}
}

// blanks matches the words of a command that a user has to replace.
var blanks = regexp.MustCompile(`[":]([A-Z]{4,})["}]`)

// TestFirstTrouble brings about troubles, each alone, and holds what is named first.
func TestFirstTrouble(t *testing.T) {
	const shop = "kubectl -n shop "
	for _, test := range []struct {
		name    string
		change  func(*cluster)
		code    Code
		mark    Mark
		command string
	}{
		{"not installed", func(c *cluster) { without(apiServiceV1beta1)(c); without(apiServiceV1beta2)(c) }, APIServiceMissing, Failure, "kubectl apply -k deploy/base"},
		{"foreign", replace(apiServiceV1beta2, `"name":"redis-metrics-adapter"`, `"name":"prometheus-adapter"`), APIServiceForeign, Failure, "make deploy DELEGATE=1"},
		{"no Service", replace(apiServiceV1beta2, `"service":`, `"other":`), APIServiceForeign, Failure, "kubectl get apiservice"},
		{"no endpoints", unavailable("MissingEndpoints", "endpoints for service have no addresses"), MissingEndpoints, Failure, "kubectl -n redis-metrics-adapter get services,pods"},
		{"unreachable", unavailable("FailedDiscoveryCheck", "dial tcp: connection refused"), AdapterUnreachable, Failure, "get pods,networkpolicies"},
		{"another CA", unavailable("FailedDiscoveryCheck", "x509: certificate signed by unknown authority"), CertificateUntrusted, Failure, "logs deployment/redis-metrics-adapter"},
		{"an expired certificate", unavailable("FailedDiscoveryCheck", "x509: certificate has expired or is not yet valid"), CertificateExpires, Failure, "logs deployment/redis-metrics-adapter"},
		{"a certificate that cannot be read", func(c *cluster) { c.served = nil }, Unreadable, Unknown, "kubectl -n redis-metrics-adapter port-forward a :6443"},
		{"another CA that nobody may mend", func(c *cluster) {
			unavailable("FailedDiscoveryCheck", "x509: certificate signed by unknown authority")(c)
			c.denied = []string{"apiservices"}
		}, CertificateUntrusted, Failure, "kubectl apply -f deploy/base/rbac.yaml"},
		{"another CA that the API server does not check", untrusted("x509: certificate signed by unknown authority"), CertificateUntrusted, Failure, "logs deployment/redis-metrics-adapter"},
		{"an expired certificate that the API server does not check", untrusted("x509: certificate has expired or is not yet valid"), CertificateExpires, Failure, "logs deployment/redis-metrics-adapter"},
		{"another CA that neither is checked nor may be mended", func(c *cluster) {
			untrusted("x509: certificate signed by unknown authority")(c)
			c.denied = []string{"apiservices"}
		}, CertificateUntrusted, Failure, "kubectl apply -f deploy/base/rbac.yaml"},
		{"unavailable", unavailable("ServiceNotFound", "service is not present"), APIServiceUnavailable, Failure, "kubectl apply -f deploy/base/service.yaml"},
		{"unavailable for another reason", unavailable("Unheard", "of"), APIServiceUnavailable, Failure, "get services,pods"},
		{"one APIService is missing", without(apiServiceV1beta2), APIServiceMissing, Failure, "kubectl apply -f deploy/base/apiservices.yaml"},
		{"a stale list", replace("/apis", `"version":"v1beta2","freshness":"Current"`, `"version":"v1beta2","freshness":"Stale"`), DiscoveryStale, Warning, "kubectl get --raw /apis/custom.metrics.k8s.io/v1beta2"},
		{"an empty list", replace("/apis", `"resources":[{}]`, `"resources":[]`), DiscoveryStale, Warning, "/v1beta1"},
		{"no kind", without(definition), KindMissing, Failure, "kubectl apply --server-side -f deploy/base/crd"},
		{"kind not served", replace(definition, `"served":true`, `"served":false`), KindMissing, Failure, "deploy/base/crd"},
		{"controller's right", func(c *cluster) { c.denied = []string{"redises.redis-metrics.dev/requests-per-second"} }, ControllerForbidden, Failure, "kubectl patch clusterrole"},
		{"adapter's right", func(c *cluster) { c.denied = []string{"redises"} }, AdapterForbidden, Failure, "deploy/base/rbac.yaml"},
		{"no right to view", replace(viewRole, "custom.metrics.k8s.io", "apps"), ViewForbidden, Warning, "deploy/base/rbac-users.yaml"},
		{"no ClusterRole view", without(viewRole), ViewForbidden, Warning, "deploy/base/rbac-users.yaml"},
		{"a policy", without(policies + "validatingadmissionpolicies/redis-metrics-adapter-secrets"), PolicyMissing, Warning, "deploy/base/admission"},
		{"a binding", without(policies + "validatingadmissionpolicybindings/redis-metrics-adapter-scripts"), PolicyMissing, Warning, "deploy/base/admission"},
		{"a binding that only warns", replace(policies+"validatingadmissionpolicybindings/redis-metrics-adapter-addresses", "Deny", "Warn"), PolicyMissing, Warning, "deploy/base/admission"},
		{"a binding of another policy", replace(policies+"validatingadmissionpolicybindings/redis-metrics-adapter-addresses", "adapter-addresses", "adapter-other"), PolicyMissing, Warning, "deploy/base/admission"},
		{"no Service of the adapter", without(adapterService), MissingEndpoints, Failure, "kubectl apply -f deploy/base/service.yaml"},
		{"no pod ready", replace(adapterPods, `"status":"True"`, `"status":"False"`), MissingEndpoints, Failure, "get pods"},
		{"a pod that the API server does not reach", fails(adapterAnswer, errors.New("dial tcp 10.0.0.1:6443: i/o timeout")), AdapterUnreachable, Warning, "get pods,networkpolicies"},
		{"a pod not ready", answers(adapterPods, `{"items":[`+readyPod+`,`+strings.Replace(readyPod, `"True"`, `"False"`, 1)+`]}`), AdapterNotReady, Warning, "logs a"},
		{"two versions", answers(adapterPods, `{"items":[`+readyPod+`,`+strings.Replace(readyPod, ":dev", ":next", 1)+`]}`), AdapterVersions, Warning, "rollout status"},
		{"no Lease", without(adapterLease), LeaseNotHeld, Warning, "kubectl apply -f deploy/base/own-objects.yaml"},
		{"an old Lease", replace(adapterLease, "NOW", "2020-01-01T00:00:00.000000Z"), LeaseNotHeld, Warning, "logs deployment"},

		{"no HPA", answers(shopHPAs, `{}`), HPANotFound, Failure, shop + "get hpa"},
		{"another kind", replace(shopHPAs, `"redis-metrics.dev/v1alpha1","kind":"Redis"`, `"kafka.example/v1","kind":"Topic"`), NoRedisMetric, Failure, shop + `patch hpa app --type=json -p '[{"op":"add","path":"/spec/metrics/-","value":{"type":"Object",`},
		{"another group", replace(shopHPAs, "redis-metrics.dev/v1alpha1", "v1"), DescribedObjectGroup, Failure,
			shop + `patch hpa app --type=json -p '[{"op":"replace","path":"/spec/metrics/0/object/describedObject/apiVersion","value":"redis-metrics.dev/v1alpha1"}]'`},
		{"no object metric", replace(shopHPAs, `"type":"Object"`, `"type":"Resource"`), NoRedisMetric, Failure, shop + "patch hpa app"},
		{"shared workload", answers(shopHPAs, `{"items":[`+appHPA+`,`+strings.Replace(appHPA, `"name":"app"`, `"name":"other"`, 1)+`]}`), TargetShared, Failure, shop + "delete hpa other"},
		{"total at the maximum", func(c *cluster) {
			replace(shopHPAs, `{"type":"AverageValue","averageValue":"1000"}`, `{"type":"Value","value":"1000"}`)(c)
			replace(shopHPAs, `"desiredReplicas":2`, `"desiredReplicas":5`)(c)
		}, TargetValue, Warning, `/spec/metrics/0/object/target","value":{"type":"AverageValue","averageValue":"1k"}}]'`},
		{"no such metric", replace(shopHPAs, `"metric":{"name":"requests-per-second"}`, `"metric":{"name":"jobs"}`), MetricNotFound, Failure, `/spec/metrics/0/object/metric/name","value":"METRIC"}]'`},
		{"an HPA that nobody looked at", func(c *cluster) {
			head, _, _ := strings.Cut(appHPA, `"status"`)
			c.objects[shopHPAs] = `{"items":[` + head + `"status":{}}]}`
		}, NotObserved, Warning, shop + "wait hpa/app --for=jsonpath='{.status.conditions}' --timeout=1m"},
		{"at 0 replicas", replace(shopHPAs, `"status":"True","reason":"ValidMetricFound"`, `"status":"False","reason":"ScalingDisabled"`), ScalingDisabled, Failure, shop + "scale statefulset/app --replicas=1"},
		{"no scale", replace(shopHPAs, `"status":"True","reason":"ReadyForNewScale"`, `"status":"False","reason":"FailedGetScale"`), TargetNotFound, Failure, `/spec/scaleTargetRef/name","value":"NAME"}]'`},
		{"at the maximum", replace(shopHPAs, `"status":"False","reason":"DesiredWithinRange"`, `"status":"True","reason":"TooManyReplicas"`), ScalingLimited, Warning, shop + "patch hpa app"},
		{"another cause", replace(shopHPAs, `"status":"True","reason":"ValidMetricFound"`, `"status":"False","reason":"InvalidSelector"`), ScalingInactive, Failure, shop + "describe hpa app"},

		{"no Redis, and another", func(c *cluster) {
			without(cart)(c)
			c.objects[shopRedises] = `{"items":[` + strings.Replace(redis, "cart", "basket", 1) + `]}`
		}, RedisNotFound, Failure, `describedObject/name","value":"basket"}]'`},
		{"no Redis", without(cart), RedisNotFound, Failure, `/spec/metrics/0/object/describedObject/name","value":"NAME"}]'`},
		{"not observed", replace(cart, `"generation":1`, `"generation":2`), NotObserved, Warning, shop + "wait redis/cart --for=jsonpath='{.status.observedGeneration}'=2 --timeout=1m"},
		{"refused", notReady("ConnectionRefused", "the connection was refused: nothing listens at the address."), ConnectionRefused, Failure, shop + "describe redis cart"},
		{"no grant", notReady("SecretForbidden", "the adapter may not read the Secret. Who may read it lets the adapter read it too: kubectl create role r -n shop && kubectl create rolebinding r -n shop --role=r --serviceaccount=a:b."),
			"SecretForbidden", Failure, "kubectl create role r -n shop && kubectl create rolebinding r -n shop --role=r --serviceaccount=a:b"},
		{"fallback", replace(cart, `"conditions":[`, `"conditions":[{"type":"FallbackInUse","status":"True","reason":"Value"},`), FallbackInUse, Warning, "describe redis"},
		{"fallback ended", replace(cart, `"conditions":[`, `"conditions":[{"type":"FallbackInUse","status":"False","reason":"Expired"},`), FallbackEnded, Failure, "describe redis"},

		{"warming up", fails(cartRequests, unknownValue("a rate needs two samples within the window")), WarmingUp, Failure, "sleep 11 && kubectl get --raw '" + cartRequests + "'"},
		{"restarted", fails(cartRequests, unknownValue("the server restarted, its role changed, its counters were reset")), WarmingUp, Failure, "get --raw"},
		{"no maxmemory", fails(cartRequests, unknownValue("maxmemory is 0, which means no limit")), NoMaxmemory, Failure,
			`[{"op":"replace","path":"/spec/metrics/0/object/metric/name","value":"used-memory-bytes"},{"op":"replace","path":"/spec/metrics/0/object/target","value":{"averageValue":"BYTES","type":"AverageValue"}}]'`},
		{"no series", fails(cartRequests, unknownValue("the metric selector matches no series of requests-per-second")), NoMatchingSeries, Failure, `/metric/selector","value":{"matchLabels":{"LABEL":"VALUE"}}}]'`},
		{"another unknown", fails(cartRequests, unknownValue("nobody knows")), ValueUnknown, Failure, "get --raw"},
		{"two values", replace(cartRequests, `"items":[`, `"items":[{},`), ValueUnknown, Failure, "get --raw"},

		{"no StatefulSet", without(shopSet), TargetNotFound, Failure, shop + "patch hpa app"},
		{"a pod that blocks", func(c *cluster) {
			replace(shopSet, `"readyReplicas":2`, `"readyReplicas":1`)(c)
			c.objects[shopPods] = `{"items":[` + readyPod + `,{"metadata":{"name":"app-1","namespace":"shop","creationTimestamp":"2020-01-01T00:00:00Z"}}]}`
		}, PodBlocksScaling, Warning, shop + "delete pod app-1 --wait=false"},
		{"a budget", answers(shopBudgets, `{"items":[{"metadata":{"name":"app"},"spec":{"minAvailable":2,"selector":{"matchLabels":{"app":"app"}}}}]}`), MinimumBelowBudget, Warning,
			shop + `patch hpa app --type=json -p '[{"op":"add","path":"/spec/minReplicas","value":2}]'`},
		{"volumes", replace(shopSet, `"replicas":2,"selector"`, `"volumeClaimTemplates":[{}],"persistentVolumeClaimRetentionPolicy":{"whenScaled":"Delete"},"selector"`), VolumesDeleted, Warning, shop + "patch statefulset app"},
		{"replicas in the manifest", replace(shopSet, `"name":"app",`, `"name":"app","annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{\"spec\":{\"replicas\":3}}"},`), ReplicasApplied, Warning, "apply edit-last-applied statefulset/app"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := healthy()
			test.change(c)
			first, _ := New(c).HPA(t.Context(), "shop", "app").First()
			if first.Code != test.code || first.Mark != test.mark || !strings.Contains(first.Command, test.command) {
				t.Errorf("first is %+v, want %s %s with the command %s", first, test.mark, test.code, test.command)
			}
			for _, blank := range blanks.FindAllStringSubmatch(first.Command, -1) {
				if !strings.Contains(first.Fix, blank[1]) {
					t.Errorf("%q does not say what to write for %s in %s", first.Fix, blank[1], first.Command)
				}
			}
		})
	}
}

const exampleAPIService = `{"metadata":{"name":"v1.example.com"},"status":{"conditions":[{"type":"Available","status":"False"}]}}`

// TestOverview brings about what only the check of the installation looks at.
func TestOverview(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*cluster)
		code   Code
		// command is the beginning of it.
		command string
	}{
		{"another project's", answers(allAPIServices, `{"items":[`+exampleAPIService+`]}`), OtherAPIService, "kubectl get apiservice v1.example.com"},
		{"nobody's", answers(allAPIServices, `{"items":[`+strings.Replace(exampleAPIService, `"False"`, `"False","reason":"ServiceNotFound"`, 1)+`]}`), OtherAPIService, "kubectl delete apiservice v1.example.com"},
		{"an object", replace("/apis/redis-metrics.dev/v1alpha1/redises", `"Ready","status":"True"`, `"Ready","status":"False"`), NotReady, "kubectl redis-metrics doctor redis/cart -n shop"},
		{"an HPA", replace("/apis/autoscaling/v2/horizontalpodautoscalers", `"ScalingActive","status":"True"`, `"ScalingActive","status":"False"`), ScalingInactive, "kubectl redis-metrics doctor hpa/app -n shop"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := healthy()
			test.change(c)
			if first, _ := New(c).Installation(t.Context()).First(); first.Code != test.code || first.Mark != Warning || first.Command != test.command {
				t.Errorf("first is %+v, want a warning %s with the command %s", first, test.code, test.command)
			}
		})
	}
}

func TestBefore(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*cluster)
		code   Code
	}{
		{"old", answers("/version", `{"major":"1","minor":"33+","gitVersion":"v1.33.13"}`), Unsupported},
		{"foreign", replace(apiServiceV1beta1, `"name":"redis-metrics-adapter"`, `"name":"prometheus-adapter"`), APIServiceForeign},
		{"no right", func(c *cluster) { c.denied = []string{"clusterroles"} }, Forbidden},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := healthy()
			test.change(c)
			if first, _ := New(c).Before(t.Context()).First(); first.Code != test.code || first.Mark != Failure {
				t.Errorf("first is %+v, want %s", first, test.code)
			}
		})
	}
}

// TestForbiddenInTurn forbids each hop, and holds that the others are still checked.
func TestForbiddenInTurn(t *testing.T) {
	all := len(New(healthy()).HPA(t.Context(), "shop", "app").Checks)
	for _, hop := range []struct {
		forbidden string
		// lost is how many checks are left out, since they need what is forbidden.
		lost int
	}{
		{allAPIServices, 6}, {"subjectaccessreviews", 1}, {viewRole, 0}, {policies, 0}, {adapterService, 2}, {adapterPods, 2}, {adapterAnswer, 0}, {"portforward", 0},
		{adapterLease, 0}, {shopHPAs, 8}, {shopEvents, -1}, {cart, 2}, {cartRequests, 0}, {shopSet, 0}, {shopBudgets, -1},
	} {
		t.Run(hop.forbidden, func(t *testing.T) {
			c := healthy()
			c.forbidden = []string{hop.forbidden}
			report := New(c).HPA(t.Context(), "shop", "app")
			if report.ExitCode() != 1 || len(report.Checks) != all-hop.lost {
				t.Errorf("exit code %d, %d checks, want 1 and %d: %+v", report.ExitCode(), len(report.Checks), all-hop.lost, report.Checks)
			}
			code := Forbidden
			if hop.forbidden == cartRequests {
				code = MetricsForbidden
			}
			if first, _ := report.First(); first.Mark != Unknown || first.Code != code || blanks.MatchString(first.Command) || first.Command == "" {
				t.Errorf("first is %+v", first)
			}
		})
	}
	t.Run("the definition, which discovery shows as well", func(t *testing.T) {
		c := healthy()
		c.forbidden = []string{definition}
		if report := New(c).HPA(t.Context(), "shop", "app"); report.ExitCode() != 0 {
			t.Errorf("%+v", report.Checks)
		}
		delete(c.objects, "/apis/redis-metrics.dev/v1alpha1")
		if first, _ := New(c).HPA(t.Context(), "shop", "app").First(); first.Code != KindMissing {
			t.Errorf("first is %+v", first)
		}
	})
	t.Run("all", func(t *testing.T) {
		c := healthy()
		c.forbidden = []string{"/", "subjectaccessreviews"}
		for _, report := range []Report{New(c).Installation(t.Context()), New(c).HPA(t.Context(), "shop", "app")} {
			if report.ExitCode() != 1 {
				t.Errorf("exit code %d of %+v", report.ExitCode(), report.Checks)
			}
		}
	})
}

// TestFailureWinsOverForbidden checks that what is known is named before what is not.
func TestFailureWinsOverForbidden(t *testing.T) {
	c := healthy()
	c.forbidden = []string{allAPIServices}
	without(cart)(c)
	report := New(c).HPA(t.Context(), "shop", "app")
	if first, _ := report.First(); first.Code != RedisNotFound || report.ExitCode() != 2 {
		t.Errorf("first is %+v, exit code %d", first, report.ExitCode())
	}
}

func TestCAExpires(t *testing.T) {
	now := time.Now()
	certificate, _ := redistest.NewAuthority(t).Issue(now.Add(10 * 24 * time.Hour))
	object := &apiService{}
	object.Spec.CABundle = certificate
	object.Spec.Service = &struct {
		Namespace string `json:"namespace"`
		Name      string `json:"name"`
	}{"a", adapterName}
	if checks := object.authority("x", now); len(checks) != 0 {
		t.Errorf("10 days before its end: %+v", checks)
	}
	if checks := object.authority("x", now.Add(4*24*time.Hour)); len(checks) != 1 || checks[0].Code != CAExpires {
		t.Errorf("6 days before its end: %+v", checks)
	}
}

// TestCAThatNobodyRenews checks that the command is the one that lets the adapter renew it.
func TestCAThatNobodyRenews(t *testing.T) {
	authority := redistest.NewAuthority(t) // which ends in a day
	c := healthy()
	trusts(apiServiceV1beta2, authority)(c)
	c.served = issue(t, authority, time.Now().Add(20*time.Hour))
	for command, denied := range map[string][]string{"kubectl -n redis-metrics-adapter logs deployment/redis-metrics-adapter --tail=50": nil, applyRights: {"apiservices"}} {
		c.denied = denied
		if first, _ := New(c).HPA(t.Context(), "shop", "app").First(); first.Code != CAExpires || first.Mark != Warning || first.Command != command {
			t.Errorf("first is %+v, want a warning with the command %s", first, command)
		}
	}
}

// TestReasons checks that the reason of a condition is named first as it is, whatever it is.
func TestReasons(t *testing.T) {
	page, err := os.ReadFile("../../deploy/docs/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "<!-- reasons:")
	table, _, _ = strings.Cut(table, "<!-- end of reasons")
	rows := regexp.MustCompile("(?m)^\\| `(.+)` \\| (.+)\\. \\| .+ \\|$").FindAllStringSubmatch(table, -1)
	if len(rows) < 50 {
		t.Fatalf("%d reasons", len(rows))
	}
	for _, row := range rows {
		c := healthy()
		notReady(row[1], row[2]+".")(c)
		if first, _ := New(c).Redis(t.Context(), "shop", "cart").First(); first.Mark != Failure || string(first.Code) != row[1] || !strings.Contains(first.Message, row[2]) {
			t.Errorf("with reason %s first is %+v", row[1], first)
		}
	}
}

func TestNodes(t *testing.T) {
	for nodes, want := range map[string]string{
		`[{"address":"10.0.0.1:6379"},{"address":"10.0.0.2:6379"}]`:                                           "2 of 2.",
		`[{"address":"10.0.0.1:6379"},{"address":"10.0.0.2:6379","lastError":"the connection was refused."}]`: "1 of 2. Not 10.0.0.2:6379: the connection was refused.",
	} {
		c := healthy()
		replace(cart, `"conditions":[`, `"nodes":`+nodes+`,"conditions":[`)(c)
		report := New(c).Redis(t.Context(), "shop", "cart")
		if report.ExitCode() != 0 || !slices.ContainsFunc(report.Checks, func(c Check) bool { return c.Message == "Nodes of Redis cart that answered: "+want }) {
			t.Errorf("of nodes %s it says %+v, want %s", nodes, report.Checks, want)
		}
	}
}

// TestMinReplicasRefused checks that an HPA that does not exist may have been refused.
func TestMinReplicasRefused(t *testing.T) {
	for metrics, want := range map[string]bool{
		"kubernetes_feature_enabled{name=\"HPAScaleToZero\",stage=\"BETA\"} 1\n":                                                                              false,
		"kubernetes_feature_enabled{name=\"HPAConfigurableTolerance\",stage=\"\"} 0\nkubernetes_feature_enabled{name=\"HPAScaleToZero\",stage=\"ALPHA\"} 0\n": true,
	} {
		c := healthy()
		c.objects["/metrics"] = metrics
		first, _ := New(c).HPA(t.Context(), "shop", "queue").First()
		if said := strings.Contains(first.Message, "refuses HPAs whose minReplicas is 0"); first.Code != HPANotFound || said != want {
			t.Errorf("with %s it says %+v", metrics, first)
		}
	}
}

// TestProposal checks what a value means to the HPA, as the controller computes it.
func TestProposal(t *testing.T) {
	for _, test := range []struct{ name, hpa, value, says string }{
		{"more", appHPA, "2500", "proposes 3 replicas, 3 within"},
		{"beyond the maximum", appHPA, "9500", "proposes 10 replicas, 5 within"},
		{"below the minimum", appHPA, "0", "proposes 0 replicas, 1 within"},
		{"tolerance", appHPA, "2100", "holds 2 replicas"},
		{"thousandths", appHPA, "4388124m", "requests-per-second of Redis cart is 4388.124, sampled "},
		{"a total", strings.Replace(appHPA, `{"type":"AverageValue","averageValue":"1000"}`, `{"type":"Value","value":"1000"}`, 1), "2500", "proposes 5 replicas"},
		{"tolerance of its own", strings.Replace(appHPA, `"minReplicas":1`, `"behavior":{"scaleUp":{"tolerance":"0"}},"minReplicas":1`, 1), "2100", "proposes 3 replicas"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := healthy()
			c.objects[shopHPAs] = `{"items":[` + test.hpa + `]}`
			c.objects[cartRequests] = strings.Replace(value, "2500", test.value, 1)
			report := New(c).HPA(t.Context(), "shop", "app")
			if !slices.ContainsFunc(report.Checks, func(c Check) bool { return c.Hop == HopValue && strings.Contains(c.Message, test.says) }) {
				t.Errorf("no check says %q: %+v", test.says, report.Checks)
			}
		})
	}
}
