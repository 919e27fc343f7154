package node

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/hack/image"
)

// pauseImage is the image of every pod's first process.
const pauseImage = "docker.io/library/pause:node"

// Import gives the node an image.
func (n *Node) Import(ctx context.Context, i image.Image) error {
	began := time.Now()
	file := filepath.Join(n.namespaces.Dir, "node", strings.NewReplacer("/", "-", ":", "-").Replace(i.Name)+".tar")
	if err := i.Save(file); err != nil {
		return err
	}
	if err := n.ctr(ctx, "--namespace=k8s.io", "images", "import", "--local", file); err != nil {
		return fmt.Errorf("import image %s: %w", i.Name, err)
	}
	fmt.Fprintf(n.log, "image %s imported (%.1fs)\n", i.Name, time.Since(began).Seconds())
	return os.Remove(file)
}

// ctr runs containerd's own client.
func (n *Node) ctr(ctx context.Context, args ...string) error {
	command := exec.CommandContext(ctx, n.path(ctr), append([]string{"--address=" + containerdSocket, "--timeout=30s"}, args...)...)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	if err := command.Run(); err != nil {
		return fmt.Errorf("ctr %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return nil
}
