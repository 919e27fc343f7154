package cluster

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// httpReady returns a check that a health URL answers 200. It asks only whether the process serves, on a connection of
// its own, so it does not verify who answers.
func httpReady(url string) func(context.Context) error {
	client := &http.Client{
		Timeout: 2 * time.Second,
		Transport: &http.Transport{
			DisableKeepAlives: true,
			TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // loopback health check
		},
	}
	return func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			body, _ := io.ReadAll(io.LimitReader(response.Body, 1<<10))
			return fmt.Errorf("%s: %s: %s", url, response.Status, body)
		}
		return nil
	}
}

func (c *Cluster) apiServerReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	_, err := c.client.CoreV1().RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
	return err
}

// awaitControllers waits until the controllers have done what every cluster needs before a pod can run.
func (c *Cluster) awaitControllers(ctx context.Context) error {
	if err := await(ctx, "nodes to be ready", c.all(), c.nodesReady); err != nil {
		return err
	}
	return await(ctx, "the default service account", c.all(), func(ctx context.Context) error {
		_, err := c.client.CoreV1().ServiceAccounts(metav1.NamespaceDefault).Get(ctx, "default", metav1.GetOptions{})
		return err
	})
}

func (c *Cluster) nodesReady(ctx context.Context) error {
	nodes, err := c.client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	var unready []error
	for _, node := range nodes.Items {
		if !isNodeReady(&node) || len(node.Spec.Taints) > 0 {
			unready = append(unready, fmt.Errorf("node %s is not ready", node.Name))
		}
	}
	if len(nodes.Items) < c.options.Nodes {
		unready = append(unready, fmt.Errorf("%d of %d nodes", len(nodes.Items), c.options.Nodes))
	}
	return errors.Join(unready...)
}

func isNodeReady(node *corev1.Node) bool {
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

// all returns the control plane's processes.
func (c *Cluster) all() []*Process {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]*Process(nil), c.processes...)
}
