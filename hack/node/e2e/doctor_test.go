package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// TestDoctorIsContent holds that the plugin finds no trouble in what deploy/ installs, and sees its pods.
func TestDoctorIsContent(t *testing.T) {
	shared.deploySamples(t)
	for _, args := range [][]string{{"doctor"}, {"doctor", "hpa/app-hpa"}, {"doctor", "redis/" + redisName}} {
		err := eventually(t.Context(), time.Minute, func(ctx context.Context) error {
			command := exec.CommandContext(ctx, filepath.Join(os.Getenv("BIN_DIR"), "kubectl-redis_metrics"), append(args, "-n", "default")...)
			command.Env = append(os.Environ(), "KUBECONFIG="+shared.Kubeconfig())
			if out, err := command.CombinedOutput(); err != nil {
				return fmt.Errorf("%v: %w\n%s", args, err, out)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}
