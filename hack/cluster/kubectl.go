package cluster

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Kubectl runs the real kubectl as cluster administrator and returns what it printed to standard output. The error holds
// what it printed to standard error.
func (c *Cluster) Kubectl(ctx context.Context, args ...string) (string, error) {
	return c.KubectlInput(ctx, nil, args...)
}

// KubectlInput is Kubectl with a standard input, for "-f -". A "--kubeconfig" in args makes it act as another user.
func (c *Cluster) KubectlInput(ctx context.Context, input io.Reader, args ...string) (string, error) {
	command := exec.CommandContext(ctx, filepath.Join(c.options.BinDir, kubectl), args...)
	command.Env = append(os.Environ(), "KUBECONFIG="+c.kubeconfig, "KUBECACHEDIR="+filepath.Join(c.dir, "kubectl-cache"))
	var stdout, stderr bytes.Buffer
	command.Stdin, command.Stdout, command.Stderr = input, &stdout, &stderr
	if err := command.Run(); err != nil {
		return stdout.String(), fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}
