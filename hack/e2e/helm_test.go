package e2e

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"helm.sh/helm/v4/pkg/action"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/cli"
	"helm.sh/helm/v4/pkg/kube"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
)

// TestInstallation installs by Helm and by "make deploy", in a cluster where another adapter serves.
func TestInstallation(t *testing.T) {
	t.Parallel()
	s := fixture{harness: emptyHarness(t)}
	t.Run("Helm", s.installsByHelm)
	t.Run("deploy refuses to steal", s.deployRefusesToSteal)
}

// installsByHelm installs, upgrades and uninstalls the chart as the commands of Helm do.
func (s fixture) installsByHelm(t *testing.T) {
	helm := s.helm(t)
	s.foreignHolds(t, func() error {
		return s.install(helm, s.chart(t))
	})
	s.takesThePlace(t, helm)
	if err := s.install(helm, s.chart(t)); err != nil {
		t.Fatal(err)
	}
	s.kubectl(t, "get", "deployment", cluster.AdapterName, "-n", cluster.AdapterName)
	const object = `{"apiVersion":"redis-metrics.dev/v1alpha1","kind":"Redis","metadata":{"name":"kept","namespace":"default"},"spec":{"address":"redis.default.svc:6379"}}`
	s.kubectlInput(t, object, "create", "-f", "-")

	// What the adapter writes is not for an upgrade to undo, and a new schema is for it to bring.
	s.kubectl(t, "patch", "apiservice", newer, "--type=merge", "-p", `{"spec":{"caBundle":"eA=="}}`)
	s.kubectl(t, "patch", "secret", servingSecret, "-n", cluster.AdapterName, "--type=merge", "-p", `{"data":{"tls.crt":"eA=="}}`)
	newest := s.chart(t)
	for _, file := range newest.Files {
		file.Data = []byte(strings.Replace(string(file.Data), "Redis names a Redis", "Redis names just a Redis", 1))
	}
	upgrade := action.NewUpgrade(helm)
	upgrade.Namespace, upgrade.ServerSideApply, upgrade.WaitStrategy = cluster.AdapterName, "auto", kube.HookOnlyStrategy
	if _, err := upgrade.RunWithContext(t.Context(), cluster.AdapterName, newest, nil); err != nil {
		t.Fatal(err)
	}
	if schema := s.kubectl(t, "get", "crd", "redises.redis-metrics.dev", "-o", "yaml"); !strings.Contains(schema, "names just a Redis") {
		t.Error("the upgrade left the old CRD")
	}
	if bundle := s.kubectl(t, "get", "apiservice", newer, "-o", "jsonpath={.spec.caBundle}"); bundle != "eA==" {
		t.Errorf("caBundle is %q after the upgrade", bundle)
	}
	if pair := s.kubectl(t, "get", "secret", servingSecret, "-n", cluster.AdapterName, "-o", `jsonpath={.data.tls\.crt}`); pair != "eA==" {
		t.Errorf("tls.crt is %q after the upgrade", pair)
	}

	uninstall := action.NewUninstall(helm)
	uninstall.WaitStrategy = kube.HookOnlyStrategy
	if _, err := uninstall.Run(cluster.AdapterName); err != nil {
		t.Fatal(err)
	}
	s.uninstalled(t)
}

// foreignServes gives the older version to another adapter.
func (s fixture) foreignServes(t *testing.T) {
	t.Helper()
	s.kubectlInput(t, `{"apiVersion":"apiregistration.k8s.io/v1","kind":"APIService","metadata":{"name":"`+older+`"},"spec":{
		"group":"custom.metrics.k8s.io","version":"v1beta1","groupPriorityMinimum":100,"versionPriority":100,
		"service":{"namespace":"monitoring","name":"prometheus-adapter"},"caBundle":"eA=="}}`, "create", "-f", "-")
}

// foreignHolds checks that nothing is installed where another adapter serves.
func (s fixture) foreignHolds(t *testing.T, install func() error) {
	t.Helper()
	s.foreignServes(t)
	if err := install(); err == nil || !strings.Contains(err.Error(), older) || !strings.Contains(err.Error(), "cannot be imported") {
		t.Errorf("error %v, want one that another's %s cannot be imported", err, older)
	}
	if _, err := s.Kubectl(t.Context(), "get", "namespace", cluster.AdapterName); err == nil {
		t.Error("something was installed")
	}
}

// takesThePlace installs over the APIService of another, as deploy/README.md says, and uninstalls.
func (s fixture) takesThePlace(t *testing.T, helm *action.Configuration) {
	t.Helper()
	if err := s.install(helm, s.chart(t), func(install *action.Install) { install.TakeOwnership, install.ServerSideApply = true, false }); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{older, newer} {
		const service = "jsonpath={.spec.service.namespace}/{.spec.service.name}"
		if got := s.kubectl(t, "get", "apiservice", name, "-o", service); got != cluster.AdapterName+"/"+cluster.AdapterName {
			t.Errorf("%s is of %s", name, got)
		}
	}
	uninstall := action.NewUninstall(helm)
	uninstall.WaitStrategy = kube.HookOnlyStrategy
	if _, err := uninstall.Run(cluster.AdapterName); err != nil {
		t.Fatal(err)
	}
	s.kubectl(t, "delete", "namespace", cluster.AdapterName, "--timeout=60s")
}

// uninstalled checks what deploy/README.md says that Helm leaves, and that what is left can be deleted.
func (s fixture) uninstalled(t *testing.T) {
	t.Helper()
	if left := s.kubectl(t, "get", "apiservice", older, newer, "--ignore-not-found", "-o", "name"); left != "" {
		t.Errorf("Helm leaves %s", left)
	}
	selector := "--selector=app.kubernetes.io/part-of=redis-metrics"
	left := s.kubectl(t, "get", "clusterrole,clusterrolebinding,validatingadmissionpolicy,validatingadmissionpolicybinding,crd", selector, "-o", "name")
	if got := strings.TrimSpace(left); got != "customresourcedefinition.apiextensions.k8s.io/redises.redis-metrics.dev" {
		t.Errorf("Helm leaves of the cluster %s", got)
	}
	s.kubectl(t, "get", "redises.redis-metrics.dev", "kept", "-n", "default")
	s.kubectl(t, "delete", "namespace", cluster.AdapterName, "--timeout=60s")
}

func (s fixture) chart(t *testing.T) *chart.Chart {
	t.Helper()
	loaded, err := loader.Load(filepath.Join(repository(t), "deploy", "chart"))
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

func (s fixture) helm(t *testing.T) *action.Configuration {
	t.Helper()
	settings := cli.New()
	settings.KubeConfig = s.Kubeconfig()
	settings.SetNamespace(cluster.AdapterName)
	helm := action.NewConfiguration()
	if err := helm.Init(settings.RESTClientGetter(), cluster.AdapterName, "secrets"); err != nil {
		t.Fatal(err)
	}
	return helm
}

func (s fixture) install(helm *action.Configuration, loaded *chart.Chart, flags ...func(*action.Install)) error {
	install := action.NewInstall(helm)
	install.ReleaseName, install.Namespace, install.CreateNamespace = cluster.AdapterName, cluster.AdapterName, true
	install.WaitStrategy, install.Timeout = kube.HookOnlyStrategy, time.Minute
	for _, set := range flags {
		set(install)
	}
	_, err := install.Run(loaded, nil)
	return err
}
