package node

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
)

// The node's place in the cluster. Nobody outside its network namespace sees the addresses.
const (
	nodeName    = "node-1"
	nodeAddress = "10.0.0.1"
	podNetwork  = "10.244.0.0/24"
	dnsAddress  = "10.96.0.10"
)

// startTimeout bounds the start of the node, once the control plane runs.
const startTimeout = time.Minute

// Node is a running control plane with one real node.
type Node struct {
	*cluster.Cluster
	namespaces Namespaces
	binDir     string
	log        io.Writer
}

// Start starts a control plane and a node inside namespaces, and returns when the node is ready. It sets Dir, Port, Nodes
// and NodeAddress itself. When it fails, or ctx ends on the way, it stops what it had started.
func Start(ctx context.Context, namespaces Namespaces, options cluster.Options) (*Node, error) {
	options.Dir, options.Port = filepath.Join(namespaces.Dir, "cluster"), namespaces.Port
	options.Nodes, options.NodeAddress = 0, nodeAddress
	options.BinDir = cmp.Or(options.BinDir, os.Getenv("BIN_DIR"))
	options.Log = cmp.Or(options.Log, io.Discard)
	if options.BinDir == "" {
		return nil, errors.New("no directory of binaries: set BIN_DIR, or run the tests through make")
	}
	binDir, err := filepath.Abs(options.BinDir)
	if err != nil {
		return nil, err
	}
	if err := checkBinaries(binDir); err != nil {
		return nil, err
	}
	c, err := cluster.Start(ctx, options)
	if err != nil {
		return nil, err
	}
	n := &Node{Cluster: c, namespaces: namespaces, binDir: binDir, log: options.Log}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := n.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start node: %w", err), c.Stop())
	}
	return n, nil
}

func checkBinaries(dir string) error {
	for _, name := range []string{
		containerd, containerd + "-shim-runc-v2", ctr, "runc", "cni/ptp", "cni/host-local", "cni/loopback",
		kubelet, kubeProxy, coreDNS, pause,
	} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("binary of the node missing, run \"make tools-node\": %w", err)
		}
	}
	return nil
}

func (n *Node) start(ctx context.Context) error {
	began := time.Now()
	v, err := n.prepare()
	if err != nil {
		return err
	}
	if err := n.startContainerd(ctx, v); err != nil {
		return err
	}
	if err := n.startKubelet(ctx, v); err != nil {
		return err
	}
	// kube-proxy asks for the node's address once, and ends when it is another.
	if err := n.startServices(ctx, v); err != nil {
		return err
	}
	fmt.Fprintf(n.log, "node ready after %.1fs\n", time.Since(began).Seconds())
	return nil
}

func (n *Node) prepare() (values, error) {
	v := values{
		BinDir: n.binDir, Dir: filepath.Join(n.namespaces.Dir, "node"), Pause: pauseImage, CgroupRoot: n.namespaces.cgroup,
		PodNetwork: podNetwork, NodeAddress: nodeAddress, DNSAddress: dnsAddress, CAFile: n.CAFile(),
	}
	var err error
	if v.CertFile, v.KeyFile, err = n.ServingCertificate(nodeName, net.ParseIP(nodeAddress)); err != nil {
		return v, err
	}
	if v.ProxyKubeconfig, err = n.KubeconfigForUser("system:kube-proxy"); err != nil {
		return v, err
	}
	if v.DNSKubeconfig, err = n.KubeconfigForUser("system:coredns"); err != nil {
		return v, err
	}
	if v.KubeletKubeconfig, err = n.KubeconfigForUser("system:node:"+nodeName, "system:nodes"); err != nil {
		return v, err
	}
	if err := os.MkdirAll(v.Dir, 0o700); err != nil {
		return v, err
	}
	return v, v.writeConfigs()
}
