package cluster

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// stages tells kwok how nodes and pods live: ready at once, gone at once.
//
//go:embed stages.yaml
var stages []byte

func (c *Cluster) kwok(ports ports) Program {
	p := c.program(Kwok, HTTPReady("http://"+loopback(ports.kwok)+"/healthz"),
		"--kubeconfig="+c.kubeconfig,
		"--config="+c.kwokConfig(),
		"--manage-all-nodes",
		"--node-ip=10.0.0.1", // as nodes have one; nobody listens there
		"--node-lease-duration-seconds=40",
		"--server-address="+loopback(ports.kwok),
	)
	// It looks for a configuration of its own in the home directory, which is not to be found here.
	p.Env = append(os.Environ(), "HOME="+c.dir, "KWOK_WORKDIR="+c.dir)
	return p
}

func (c *Cluster) kwokConfig() string { return filepath.Join(c.dir, "kwok-stages.yaml") }

func (c *Cluster) createNodes(ctx context.Context) error {
	for i := range c.options.Nodes {
		node := fakeNode(fmt.Sprintf("node-%d", i+1))
		_, err := c.client.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("create node %s: %w", node.Name, err)
		}
	}
	return nil
}

func fakeNode(name string) *corev1.Node {
	room := corev1.ResourceList{
		corev1.ResourceCPU:    resource.MustParse("32"),
		corev1.ResourceMemory: resource.MustParse("256Gi"),
		corev1.ResourcePods:   resource.MustParse("250"),
	}
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name: name,
			Labels: map[string]string{
				corev1.LabelHostname:           name,
				corev1.LabelOSStable:           "linux",
				corev1.LabelArchStable:         "amd64",
				corev1.LabelTopologyZone:       "zone-" + name,
				"node-role.kubernetes.io/fake": "",
			},
		},
		Status: corev1.NodeStatus{Capacity: room, Allocatable: room},
	}
}
