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
	"k8s.io/apimachinery/pkg/util/wait"
)

// await polls check until it returns nil. It gives up when ctx ends, with what check said last, or when died returns an
// error.
func await(ctx context.Context, what string, died func() error, check func(context.Context) error) error {
	var last error
	err := wait.PollUntilContextCancel(ctx, 100*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		if last = check(ctx); last == nil {
			return true, nil
		}
		return false, died()
	})
	if err != nil {
		return fmt.Errorf("wait for %s: %w", what, errors.Join(err, last))
	}
	return nil
}

// Watch returns nil when ctx ends, or an error when a process has died although nobody asked it to.
func (c *Cluster) Watch(ctx context.Context) error {
	err := wait.PollUntilContextCancel(ctx, time.Second, true, func(context.Context) (bool, error) { return false, c.Err() })
	if ctx.Err() != nil {
		c.logf("stopping")
		return nil //nolint:nilerr // it was asked to end
	}
	return err
}

// HTTPReady returns a check that a health URL answers 200. It does not verify who answers.
func HTTPReady(url string) func(context.Context) error {
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

func (c *Cluster) awaitControllers(ctx context.Context) error {
	err := await(ctx, "nodes to be ready", c.Err, func(ctx context.Context) error { return c.NodesReady(ctx, c.options.Nodes) })
	if err != nil {
		return err
	}
	return await(ctx, "the default service account", c.Err, func(ctx context.Context) error {
		_, err := c.client.CoreV1().ServiceAccounts(metav1.NamespaceDefault).Get(ctx, "default", metav1.GetOptions{})
		return err
	})
}

// NodesReady returns an error unless that many nodes are there, and all are ready and take pods.
func (c *Cluster) NodesReady(ctx context.Context, want int) error {
	nodes, err := c.client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	if len(nodes.Items) < want {
		return fmt.Errorf("%d of %d nodes", len(nodes.Items), want)
	}
	for _, node := range nodes.Items {
		ready := corev1.NodeCondition{Message: "no condition Ready"}
		for _, condition := range node.Status.Conditions {
			if condition.Type == corev1.NodeReady {
				ready = condition
			}
		}
		if ready.Status != corev1.ConditionTrue || len(node.Spec.Taints) > 0 {
			return fmt.Errorf("node %s is not ready: %s, taints %v", node.Name, ready.Message, node.Spec.Taints)
		}
	}
	return nil
}
