package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestDoctorIsContent checks that the plugin finds no trouble in what deploy/ installs, and sees its pods.
func TestDoctorIsContent(t *testing.T) {
	shared.deploySamples(t)
	for _, args := range [][]string{{"doctor"}, {"doctor", "hpa/app-hpa"}, {"doctor", "redis/" + redisName}} {
		err := eventually(t.Context(), time.Minute, func(ctx context.Context) error {
			command := exec.CommandContext(ctx, filepath.Join(os.Getenv("BIN_DIR"), "kubectl-redis_metrics"), append(args, "-n", "default")...)
			command.Env = append(os.Environ(), "KUBECONFIG="+shared.Kubeconfig())
			out, err := command.CombinedOutput()
			if err != nil {
				return fmt.Errorf("%v: %w\n%s", args, err, out)
			}
			if read := strings.Count(string(out), " serves a certificate until "); read != 2 {
				return fmt.Errorf("%v reads the certificates of %d replicas, want 2:\n%s", args, read, out)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}
