package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
)

// lacks reports whether the control plane is older than Kubernetes 1.minor. If so, it logs what users lack, in the words
// of the README's compatibility table, which test-skew.sh compares with it.
func lacks(t *testing.T, minor int, what string) bool {
	t.Helper()
	if kubernetesMinor(t) >= minor {
		return false
	}
	t.Log("this release lacks something: " + what)
	return true
}

// kubernetesMinor returns 37 for Kubernetes 1.37. If the API servers are of two releases, it is that of the older.
func kubernetesMinor(t *testing.T) int {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), filepath.Join(os.Getenv("BIN_DIR"), cluster.APIServer), "--version").Output()
	if err != nil {
		t.Fatal(err)
	}
	var minor int
	if _, err := fmt.Sscanf(string(out), "Kubernetes v1.%d.", &minor); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	return minor
}

// scaleToZero has the API server take an HPA with minReplicas 0.
func scaleToZero(t *testing.T) func(*cluster.Options) {
	t.Helper()
	gated := lacks(t, 37, "`minReplicas: 0` needs the feature gate `HPAScaleToZero`")
	return func(options *cluster.Options) {
		if gated {
			options.ExtraArgs = map[string][]string{cluster.APIServer: {"--feature-gates=HPAScaleToZero=true"}}
		}
	}
}

// TestMinReplicasZero shows which releases take an HPA with minReplicas 0, and what the others say.
func TestMinReplicasZero(t *testing.T) {
	t.Parallel()
	file := filepath.Join(repository(t), "deploy", "samples-queue", "hpa-list.yaml")
	_, err := shared.Kubectl(t.Context(), "apply", "--dry-run=server", "-f", file)
	older := kubernetesMinor(t) < 37
	switch {
	case err == nil && older && os.Getenv("SECOND_API_SERVER") == "": // with two, this one may be the newer
		t.Error("the API server accepts it")
	case err == nil:
	case !older, !strings.Contains(err.Error(), "spec.minReplicas: Invalid value: 0: must be greater than or equal to 1"):
		t.Error(err)
	}
}
