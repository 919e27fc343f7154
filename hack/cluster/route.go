package cluster

import (
	"context"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Route sends the requests of the API server for API groups to a server at a port of this machine, by a Service, and waits
// until they reach it. An APIService is named VERSION.GROUP; of several versions of a group, the last is preferred.
func (c *Cluster) Route(ctx context.Context, namespace, service string, port int, apiServices ...string) error {
	objects := []*unstructured.Unstructured{{Object: map[string]any{
		"apiVersion": "v1", "kind": "Service", "metadata": map[string]any{"name": service, "namespace": namespace},
		"spec": map[string]any{"type": "ExternalName", "externalName": "localhost"},
	}}}
	for i, name := range apiServices {
		version, group, _ := strings.Cut(name, ".")
		objects = append(objects, &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": map[string]any{"name": name},
			"spec": map[string]any{
				"group": group, "version": version, "groupPriorityMinimum": int64(100), "versionPriority": int64(100 + i),
				"insecureSkipTLSVerify": true,
				"service":               map[string]any{"name": service, "namespace": namespace, "port": int64(port)},
			},
		}})
	}
	if err := c.Apply(ctx, objects); err != nil {
		return err
	}
	return c.awaitRouted(ctx, c.Err, apiServices...)
}
