package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
)

// The node's place in the cluster. Nobody outside its network namespace sees the addresses.
const (
	nodeName    = "node-1"
	nodeAddress = "10.0.0.1"
	podNetwork  = "10.244.0.0/24"
	dnsAddress  = "10.96.0.10"
)

// Options says what to start.
type Options struct {
	// Cluster is for the control plane. The node sets Dir, Port, Nodes and NodeAddress.
	Cluster cluster.Options
	// StartTimeout bounds the start of the node. Default: 1m.
	StartTimeout time.Duration
}

// Node is a running control plane with one real node.
type Node struct {
	*cluster.Cluster
	namespaces Namespaces
	binDir     string
	log        io.Writer
	client     kubernetes.Interface
}

// Start starts a control plane and a node inside namespaces, and returns when the node is ready. When it fails, or
// ctx ends on the way, it stops what it had started.
func Start(ctx context.Context, namespaces Namespaces, options Options) (*Node, error) {
	plane := options.Cluster
	plane.Dir, plane.Port = filepath.Join(namespaces.Dir, "cluster"), namespaces.Port
	plane.Nodes, plane.NodeAddress = 0, nodeAddress
	if plane.BinDir == "" {
		plane.BinDir = os.Getenv("BIN_DIR")
	}
	if plane.Log == nil {
		plane.Log = io.Discard
	}
	if options.StartTimeout == 0 {
		options.StartTimeout = time.Minute
	}
	if plane.BinDir == "" {
		return nil, errors.New("no directory of binaries: set BIN_DIR, or run the tests through make")
	}
	binDir, err := filepath.Abs(plane.BinDir)
	if err != nil {
		return nil, err
	}
	if err := checkBinaries(binDir); err != nil {
		return nil, err
	}
	c, err := cluster.Start(ctx, plane)
	if err != nil {
		return nil, err
	}
	n := &Node{Cluster: c, namespaces: namespaces, binDir: binDir, log: plane.Log}
	ctx, cancel := context.WithTimeout(ctx, options.StartTimeout)
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
	var err error
	if n.client, err = kubernetes.NewForConfig(n.Config()); err != nil {
		return err
	}
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

// prepare writes everything that the programs of the node read.
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

// awaitReady waits until the node takes pods.
func (n *Node) awaitReady(ctx context.Context) error {
	var last error
	err := wait.PollUntilContextCancel(ctx, 200*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		if last = n.ready(ctx); last == nil {
			return true, nil
		}
		return false, n.Err()
	})
	if err != nil {
		return fmt.Errorf("wait for the node to be ready: %w", errors.Join(err, last))
	}
	return nil
}

func (n *Node) ready(ctx context.Context) error {
	node, err := n.client.CoreV1().Nodes().Get(ctx, nodeName, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if len(node.Spec.Taints) > 0 {
		return fmt.Errorf("it has the taint %s", node.Spec.Taints[0].Key)
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady && condition.Status != corev1.ConditionTrue {
			return errors.New(condition.Message)
		}
	}
	return nil
}
