package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	sigsyaml "sigs.k8s.io/yaml"
)

// container is what the Deployment says about how to run the adapter.
type container struct {
	args []string
	env  []corev1.EnvVar
}

// Render returns the objects of a kustomization as kubectl builds them, in the order in which to apply them.
func (c *Cluster) Render(ctx context.Context, dir string) ([]*unstructured.Unstructured, error) {
	text, err := c.Kubectl(ctx, "kustomize", dir)
	if err != nil {
		return nil, err
	}
	var objects []*unstructured.Unstructured
	decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(text), 4<<10)
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(object)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, fmt.Errorf("decode what kubectl kustomize %s printed: %w", dir, err)
		}
		if len(object.Object) > 0 {
			objects = append(objects, object)
		}
	}
}

// Apply applies objects as the administrator, on the server's side, with their fields checked strictly.
func (c *Cluster) Apply(ctx context.Context, objects []*unstructured.Unstructured) error {
	var text bytes.Buffer
	for _, object := range objects {
		document, err := sigsyaml.Marshal(object.Object)
		if err != nil {
			return err
		}
		fmt.Fprintf(&text, "---\n%s", document)
	}
	_, err := c.KubectlInput(ctx, &text, "apply", "--server-side", "--force-conflicts", "--field-manager=deploy",
		"--validate=strict", "-f", "-")
	return err
}

// localize changes manifests so that requests reach a process on this machine, and takes the Deployment out. It returns
// what is to be applied, and what the Deployment says about the container.
func localize(objects []*unstructured.Unstructured, port int) ([]*unstructured.Unstructured, container, error) {
	var found *container
	var kept []*unstructured.Unstructured
	for _, object := range objects {
		switch object.GetKind() {
		case "Deployment":
			c, err := adapterContainer(object)
			if err != nil {
				return nil, container{}, err
			}
			found = &c
			continue
		case "Service":
			object.Object["spec"] = map[string]any{"type": "ExternalName", "externalName": "localhost"}
		case "APIService":
			if err := unstructured.SetNestedField(object.Object, int64(port), "spec", "service", "port"); err != nil {
				return nil, container{}, fmt.Errorf("APIService %s: %w", object.GetName(), err)
			}
		}
		kept = append(kept, object)
	}
	if found == nil {
		return nil, container{}, errors.New("no Deployment among them")
	}
	return kept, *found, nil
}

func adapterContainer(object *unstructured.Unstructured) (container, error) {
	var deployment appsv1.Deployment
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &deployment); err != nil {
		return container{}, fmt.Errorf("the Deployment %s: %w", object.GetName(), err)
	}
	containers := deployment.Spec.Template.Spec.Containers
	if len(containers) != 1 {
		return container{}, fmt.Errorf("the Deployment %s: %d containers, want 1", object.GetName(), len(containers))
	}
	return container{args: containers[0].Args, env: containers[0].Env}, nil
}

// environment resolves the container's variables as the kubelet would for a pod of the given name.
func (c container) environment(pod string) []string {
	env := []string{"POD_NAMESPACE=" + AdapterName, "POD_NAME=" + pod}
	for _, variable := range c.env {
		value := variable.Value
		if source := variable.ValueFrom; source != nil && source.FieldRef != nil {
			switch source.FieldRef.FieldPath {
			case "metadata.namespace":
				value = AdapterName
			case "metadata.name":
				value = pod
			case "status.podIP", "status.hostIP":
				value = "127.0.0.1"
			}
		}
		if value != "" {
			env = append(env, variable.Name+"="+value)
		}
	}
	return env
}

// expand replaces $(NAME) in arguments, as the kubelet does.
func expand(args, env []string) []string {
	var pairs []string
	for _, entry := range env {
		name, value, _ := strings.Cut(entry, "=")
		pairs = append(pairs, "$("+name+")", value)
	}
	replacer := strings.NewReplacer(pairs...)
	expanded := make([]string, 0, len(args))
	for _, arg := range args {
		expanded = append(expanded, replacer.Replace(arg))
	}
	return expanded
}

// mergeArgs appends arguments of the form --flag=value, which replace those of the same flag.
func mergeArgs(args []string, extra ...string) []string {
	name := func(arg string) string {
		flag, _, _ := strings.Cut(arg, "=")
		return flag
	}
	merged := slices.DeleteFunc(slices.Clone(args), func(arg string) bool {
		return slices.ContainsFunc(extra, func(other string) bool { return name(other) == name(arg) })
	})
	return append(merged, extra...)
}
