package cluster

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// ApplyOperatorKinds makes the kinds of cert-manager and of the Prometheus operator known, so that their objects are held
// to the schemas of these. Package node's tests run cert-manager as well; nothing runs the Prometheus operator.
func (c *Cluster) ApplyOperatorKinds(ctx context.Context) error {
	if _, err := os.Stat(filepath.Join(c.options.BinDir, "crds")); err != nil {
		return fmt.Errorf("kinds of operators missing, run \"make test-e2e\": %w", err)
	}
	if _, err := c.Kubectl(ctx, append([]string{"apply", "--server-side"}, c.operatorKinds()...)...); err != nil {
		return err
	}
	_, err := c.Kubectl(ctx, append([]string{"wait", "--for=condition=Established", "--timeout=30s"}, c.operatorKinds()...)...)
	return err
}

// DeleteOperatorKinds deletes what ApplyOperatorKinds applied, and with it each object of these kinds.
func (c *Cluster) DeleteOperatorKinds(ctx context.Context) error {
	_, err := c.Kubectl(ctx, append([]string{"delete"}, c.operatorKinds()...)...)
	return err
}

// operatorKinds returns what to give to kubectl. "make test-e2e" puts the files there.
func (c *Cluster) operatorKinds() (args []string) {
	for _, files := range []string{
		"cert-manager",
		"prometheus-operator/monitoring.coreos.com_servicemonitors.yaml",
		"prometheus-operator/monitoring.coreos.com_prometheusrules.yaml",
	} {
		args = append(args, "--filename="+filepath.Join(c.options.BinDir, "crds", files))
	}
	return args
}
