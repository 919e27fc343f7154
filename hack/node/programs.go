package node

import (
	"context"
	"os"
	"path/filepath"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/hack/image"
)

// Names of the node's binaries.
const (
	containerd = "containerd"
	ctr        = "ctr"
	kubelet    = "kubelet"
	kubeProxy  = "kube-proxy"
	coreDNS    = "coredns"
	pause      = "pause"
)

const containerdSocket = "/run/containerd/containerd.sock"

func (n *Node) path(name string) string { return filepath.Join(n.binDir, name) }

// environment has the node's own programs found first.
func (n *Node) environment() []string {
	return append(os.Environ(), "PATH="+n.binDir+string(os.PathListSeparator)+os.Getenv("PATH"))
}

func (n *Node) startContainerd(ctx context.Context, v values) error {
	// The image of the pods' first process must be there before the kubelet asks for a pod.
	if _, err := n.StartProgram(ctx, cluster.Program{
		Name: containerd, Path: n.path(containerd), Env: n.environment(),
		Args:  []string{"--config=" + v.file("containerd.toml")},
		Ready: func(ctx context.Context) error { return n.ctr(ctx, "version") },
	}); err != nil {
		return err
	}
	return n.Import(ctx, image.Program(pauseImage, n.path(pause)))
}

// startServices starts what makes Services reachable and their names known.
func (n *Node) startServices(ctx context.Context, v values) error {
	if _, err := n.Kubectl(ctx, "apply", "--server-side", "-f", v.file("dns.yaml")); err != nil {
		return err
	}
	if _, err := n.StartProgram(ctx, cluster.Program{
		Name: kubeProxy, Path: n.path(kubeProxy),
		Args:  []string{"--config=" + v.file("kube-proxy.yaml"), "--hostname-override=" + nodeName},
		Ready: cluster.HTTPReady("http://" + nodeAddress + ":10256/livez"),
	}); err != nil {
		return err
	}
	_, err := n.StartProgram(ctx, cluster.Program{
		Name: coreDNS, Path: n.path(coreDNS), Args: []string{"-conf", v.file("Corefile")},
		Ready: cluster.HTTPReady("http://" + nodeAddress + ":8181/ready"),
	})
	return err
}

func (n *Node) startKubelet(ctx context.Context, v values) error {
	_, err := n.StartProgram(ctx, cluster.Program{
		Name: kubelet, Path: n.path(kubelet), Env: n.environment(),
		Args: []string{
			"--config=" + v.file("kubelet.yaml"), "--kubeconfig=" + v.KubeletKubeconfig,
			"--hostname-override=" + nodeName, "--node-ip=" + nodeAddress,
		},
		Ready: func(ctx context.Context) error { return n.NodesReady(ctx, 1) },
	})
	return err
}
