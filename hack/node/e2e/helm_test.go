package e2e

import (
	"context"
	"testing"
	"time"

	"helm.sh/helm/v4/pkg/action"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/cli"
	"helm.sh/helm/v4/pkg/kube"
)

type values = map[string]any

type release struct {
	fixture
	name, namespace string
	helm            *action.Configuration
	chart           *chart.Chart
}

func (f fixture) release(t *testing.T, name, namespace string) release {
	t.Helper()
	loaded, err := loader.Load("../../../deploy/chart")
	if err != nil {
		t.Fatal(err)
	}
	settings := cli.New()
	settings.KubeConfig = f.Kubeconfig()
	settings.SetNamespace(namespace)
	helm := action.NewConfiguration()
	if err := helm.Init(settings.RESTClientGetter(), namespace, "secrets"); err != nil {
		t.Fatal(err)
	}
	return release{f, name, namespace, helm, loaded}
}

func (r release) install(ctx context.Context, given values, flags ...func(*action.Install)) error {
	install := action.NewInstall(r.helm)
	install.ReleaseName, install.Namespace, install.CreateNamespace = r.name, r.namespace, true
	install.WaitStrategy, install.Timeout = kube.HookOnlyStrategy, time.Minute
	for _, set := range flags {
		set(install)
	}
	_, err := install.RunWithContext(ctx, r.chart, given)
	return err
}

func (r release) upgrade(t *testing.T, given values) {
	t.Helper()
	upgrade := action.NewUpgrade(r.helm)
	upgrade.Namespace, upgrade.ServerSideApply, upgrade.WaitStrategy = r.namespace, "auto", kube.HookOnlyStrategy
	if _, err := upgrade.RunWithContext(t.Context(), r.name, r.chart, given); err != nil {
		t.Fatal(err)
	}
}

// uninstall runs the commands of deploy/README.md.
func (r release) uninstall(t *testing.T) {
	t.Helper()
	uninstall := action.NewUninstall(r.helm)
	uninstall.WaitStrategy = kube.HookOnlyStrategy
	if _, err := uninstall.Run(r.name); err != nil {
		t.Fatal(err)
	}
	r.kubectl(t, "delete", "namespace", r.namespace, "--timeout=60s")
	r.kubectl(t, "delete", "crd", "redises.redis-metrics.dev")
}
