package doctor

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	apidiscoveryv2 "k8s.io/api/apidiscovery/v2"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/kubeapi"
)

const (
	apiServicesPath = "/apis/apiregistration.k8s.io/v1/apiservices"
	// expiresSoon is how long before the expiry of a CA a warning begins. The adapter renews its own
	// much earlier.
	expiresSoon = 7 * 24 * time.Hour
	// serviceNotFound is why an APIService whose Service does not exist is not available.
	serviceNotFound = "ServiceNotFound"
)

func versions() []string { return []string{"v1beta1", "v1beta2"} }

// apiService has the fields of an APIService that the checks read.
type apiService struct {
	metav1.ObjectMeta `json:"metadata"`

	Spec struct {
		Service *struct {
			Namespace string `json:"namespace"`
			Name      string `json:"name"`
		} `json:"service"`
		CABundle []byte `json:"caBundle"`
	} `json:"spec"`
	Status struct {
		Conditions []metav1.Condition `json:"conditions"`
	} `json:"status"`
}

// service is the Service of the adapter.
type service struct {
	namespace, name string
	// caBundles holds the caBundle of each of its APIServices.
	caBundles [][]byte
}

// account is the user name of the adapter's ServiceAccount.
func (s service) account() string { return "system:serviceaccount:" + s.namespace + ":" + adapterName }

// logs returns the command that shows the adapter's log.
func logs(of service) string {
	return kubectl(of.namespace, "logs deployment/%s --tail=50", adapterName)
}

func (s service) String() string { return s.namespace + "/" + s.name }

// apiServices checks the APIServices of the metrics API, and returns the adapter's Service, empty if it is not known.
func (d *Doctor) apiServices(ctx context.Context) (adapter service, checks []Check) {
	for _, version := range versions() {
		name := version + "." + kubeapi.CustomMetrics
		var object apiService
		err := d.api.Get(ctx, apiServicesPath+"/"+name, &object)
		switch {
		case apierrors.IsNotFound(err):
			checks = append(checks, HopAPI.failure(APIServiceMissing, applyAll, "APIService %s does not exist.", name))
			continue
		case err != nil:
			checks = append(checks, HopAPI.unread("APIService "+name, "apiservices.apiregistration.k8s.io", err))
			continue
		}
		check, owner := object.check(name)
		if owner.name != "" {
			adapter.namespace, adapter.name = owner.namespace, owner.name
			if len(object.Spec.CABundle) > 0 {
				adapter.caBundles = append(adapter.caBundles, object.Spec.CABundle)
			}
		}
		if check.Mark == OK {
			if refused, ok := d.untrusted(ctx, name, version, owner); ok {
				check = refused
			}
		}
		own := []Check{check}
		if check.Mark == OK {
			own = append(own, object.authority(name, time.Now())...)
		}
		for i := range own {
			if code := own[i].Code; (code == CertificateUntrusted || code == CAExpires) && d.mayNotWrite(ctx, name, owner) {
				own[i].Message += " The adapter may not write its CA there."
				own[i].Command = applyRights
			}
		}
		checks = append(checks, own...)
	}
	for i := range checks {
		if checks[i].Code == APIServiceMissing && adapter.name != "" {
			checks[i].Command = "kubectl apply -f deploy/base/apiservices.yaml"
		}
	}
	return adapter, checks
}

// check checks whether requests reach the adapter, and returns its Service if they
// should.
func (a *apiService) check(name string) (Check, service) {
	of := a.Spec.Service
	if of == nil {
		return HopAPI.failure(APIServiceForeign, "kubectl get apiservice "+name+" -o yaml", "APIService %s names no Service.", name), service{}
	}
	owner := service{namespace: of.Namespace, name: of.Name}
	if of.Name != adapterName {
		return HopAPI.failure(APIServiceForeign, "make deploy DELEGATE=1", "APIService %s belongs to another Service, %s.", name, owner), service{}
	}
	available := meta.FindStatusCondition(a.Status.Conditions, "Available")
	if available == nil {
		return HopAPI.warning(APIServiceUnavailable, "kubectl get apiservice "+name, "The API server has not looked at APIService %s yet.", name), owner
	}
	if available.Status != metav1.ConditionTrue {
		told := available.Reason + ": " + sentence(available.Message)
		code := codeOf(told, troublesOfTheAPI(), APIServiceUnavailable)
		command := kubectl(of.Namespace, "get services,pods")
		switch {
		case available.Reason == serviceNotFound:
			command = applyService
		case code == AdapterUnreachable:
			command = kubectl(of.Namespace, "get pods,networkpolicies")
		case code == CertificateUntrusted, code == CertificateExpires:
			command = logs(owner)
		}
		return HopAPI.failure(code, command, "APIService %s is not available: %s.", name, told), owner
	}
	return HopAPI.ok("APIService %s is available, and served by %s.", name, owner), owner
}

// untrusted reports whether the API server rejects the certificate of the adapter. Before Kubernetes 1.36, an
// APIService is available although each request fails.
func (d *Doctor) untrusted(ctx context.Context, name, version string, of service) (Check, bool) {
	var list string
	var status apierrors.APIStatus
	err := d.api.Get(ctx, "/apis/"+kubeapi.CustomMetrics+"/"+version, &list)
	if !errors.As(err, &status) || status.Status().Details == nil {
		return Check{}, false
	}
	for _, cause := range status.Status().Details.Causes {
		code := codeOf(cause.Message, troublesOfTheAPI(), "")
		if code == CertificateUntrusted || code == CertificateExpires {
			return HopAPI.failure(code, logs(of), "APIService %s is available, and requests fail: %s.", name, sentence(cause.Message)), true
		}
	}
	return Check{}, false
}

// authority warns of a CA that expires soon.
func (a *apiService) authority(name string, now time.Time) []Check {
	var checks []Check
	for block, rest := pem.Decode(a.Spec.CABundle); block != nil; block, rest = pem.Decode(rest) {
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			continue
		}
		if left := certificate.NotAfter.Sub(now); left < expiresSoon {
			checks = append(checks, HopAPI.warning(CAExpires,
				logs(service{namespace: a.Spec.Service.Namespace}),
				"The CA in APIService %s ends at %s.", name, certificate.NotAfter.UTC().Format(time.RFC3339)))
		}
	}
	return checks
}

// mayNotWrite reports whether the adapter is known to lack the right to write its CA into an APIService.
func (d *Doctor) mayNotWrite(ctx context.Context, name string, of service) bool {
	attributes := access("patch", "apiregistration.k8s.io", "apiservices")
	attributes.Name = name
	allowed, err := d.api.Allowed(ctx, reviewOf(of.account(), attributes))
	return err == nil && !allowed
}

// discovery checks that the API server lists both versions, because clients such as the HPA controller look there
// for what is served.
func (d *Doctor) discovery(ctx context.Context) Check {
	var list apidiscoveryv2.APIGroupDiscoveryList
	if err := d.api.Get(ctx, "/apis", &list); err != nil {
		return HopAPI.unread("its list of APIs", "/apis", err)
	}
	fresh := map[string]bool{}
	for _, group := range list.Items {
		for _, version := range group.Versions {
			if group.Name == kubeapi.CustomMetrics && version.Freshness == apidiscoveryv2.DiscoveryFreshnessCurrent && len(version.Resources) > 0 {
				fresh[version.Version] = true
			}
		}
	}
	for _, version := range versions() {
		if !fresh[version] {
			return HopAPI.warning(DiscoveryStale, "kubectl get --raw /apis/"+kubeapi.CustomMetrics+"/"+version,
				"The API server's list of APIs has no current entry of %s/%s.", kubeapi.CustomMetrics, version)
		}
	}
	return HopAPI.ok("The API server lists both versions of %s.", kubeapi.CustomMetrics)
}

// otherAPIServices checks the APIServices of other projects. One without a server blocks the deletion of every
// namespace.
func (d *Doctor) otherAPIServices(ctx context.Context) []Check {
	var list struct {
		Items []apiService `json:"items"`
	}
	if err := d.api.Get(ctx, apiServicesPath, &list); err != nil {
		return []Check{HopAPI.unread("the APIServices", "apiservices.apiregistration.k8s.io", err)}
	}
	commands := map[string]string{}
	for _, object := range list.Items {
		available := meta.FindStatusCondition(object.Status.Conditions, "Available")
		if strings.HasSuffix(object.Name, "."+kubeapi.CustomMetrics) || available == nil || available.Status != metav1.ConditionFalse {
			continue
		}
		verb := "get"
		if available.Reason == serviceNotFound { // nothing is left to repair
			verb = "delete"
		}
		commands[object.Name] = "kubectl " + verb + " apiservice " + object.Name
	}
	if len(commands) == 0 {
		return nil
	}
	unavailable := slices.Sorted(maps.Keys(commands))
	return []Check{HopAPI.warning(OtherAPIService, commands[unavailable[0]],
		"Not available, so that no namespace can be deleted: APIService %s.", strings.Join(unavailable, ", "))}
}
