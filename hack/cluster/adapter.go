package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/transport"
)

// AdapterName names the adapter's binary, Namespace, ServiceAccount, Deployment and Service.
const AdapterName = "redis-metrics-adapter"

// AdapterOptions says how to run an adapter. The zero value runs deploy/base.
type AdapterOptions struct {
	// Name is what the adapter takes for its pod's name. Default: redis-metrics-adapter-0.
	Name string
	// Binary is the program. Default: redis-metrics-adapter in the cluster's BinDir.
	Binary string
	// Manifests is the directory to give to "kubectl kustomize". Default: deploy/base of the tree around the working
	// directory, or else around BinDir.
	Manifests string
	// ExtraArgs are added to the Deployment's arguments, and replace those of the same flag.
	ExtraArgs []string
	// ExtraEnv is added to the environment, as NAME=value.
	ExtraEnv []string
	// Launcher is a program with its arguments, which the adapter and its own are added to. Its process must become the
	// adapter. Default: the adapter is started itself.
	Launcher []string
	// APIServer is the host and port of a proxy by which the adapter reaches the API server. Default: it needs none.
	APIServer string
	// Standby starts one more replica to which no request is routed until [Adapter.Route]. The manifests are applied
	// by the first adapter.
	Standby bool
}

// Adapter is an adapter that runs as a process of this machine with the arguments of its Deployment and the rights of
// its ServiceAccount.
type Adapter struct {
	*Process
	cluster *Cluster
	port    int
}

// BaseURL returns where the adapter serves, past the API server. Its certificate is for the Service's name.
func (a *Adapter) BaseURL() string { return "https://" + loopback(a.port) }

// Config returns a configuration of clients that ask the adapter itself, as a user whom the API server vouches for.
func (a *Adapter) Config(user string, groups ...string) *rest.Config {
	cert, key, _ := a.cluster.FrontProxy()
	return &rest.Config{
		Host:            a.BaseURL(),
		TLSClientConfig: rest.TLSClientConfig{Insecure: true, CertData: cert, KeyData: key},
		WrapTransport: func(next http.RoundTripper) http.RoundTripper {
			return transport.NewAuthProxyRoundTripper(user, "", groups, nil, next)
		},
	}
}

// ServerName returns the name in the adapter's serving certificate.
func (a *Adapter) ServerName() string { return AdapterName + "." + AdapterName + ".svc" }

// StartAdapter applies the manifests and runs the adapter that they describe, and returns once the API server routes
// both versions of custom.metrics.k8s.io to it.
//
// What differs from production is only what its location demands: the Deployment is not applied, because no node here
// runs containers, and its container runs as a process; the Service is of type ExternalName and names this machine. The
// controller manager is restarted, so that an HPA may name a Redis object at once and not after up to 30 s.
func (c *Cluster) StartAdapter(ctx context.Context, options AdapterOptions) (_ *Adapter, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("start adapter: %w", err)
		}
	}()
	if err := options.Complete(c.options.BinDir); err != nil {
		return nil, err
	}
	port, err := FreePort()
	if err != nil {
		return nil, err
	}
	objects, err := c.Render(ctx, options.Manifests)
	if err != nil {
		return nil, err
	}
	objects, container, err := localize(objects, port)
	if err != nil {
		return nil, fmt.Errorf("manifests of %s: %w", options.Manifests, err)
	}
	if !options.Standby {
		if err := c.Apply(ctx, objects); err != nil {
			return nil, err
		}
	}
	kubeconfig, err := c.KubeconfigForServiceAccount(ctx, AdapterName, AdapterName)
	if err != nil {
		return nil, err
	}
	if options.APIServer != "" {
		if kubeconfig, err = redirect(kubeconfig, options.APIServer, options.Name); err != nil {
			return nil, err
		}
	}
	adapter := c.newAdapter(options, container, kubeconfig, port)
	if err := c.startAmong(&c.adapters, adapter.Process); err != nil {
		return nil, err
	}
	if err := adapter.await(ctx); err != nil {
		return nil, errors.Join(err, adapter.Stop(), errors.New("the end of its log:\n"+adapter.LogTail(20)))
	}
	c.logf("%s ready on %s", options.Name, adapter.BaseURL())
	if options.Standby {
		return adapter, nil
	}
	if err := adapter.awaitRouted(ctx); err != nil {
		return nil, errors.Join(err, adapter.Stop())
	}
	return adapter, c.learnKinds(ctx)
}

// learnKinds restarts the controller manager. It looks for new kinds every 30 s only, and until then the HPA controller
// cannot map a Redis object that an HPA describes; in a cluster of some age that has passed unnoticed.
func (c *Cluster) learnKinds(ctx context.Context) error {
	manager := c.Process(ControllerManager)
	manager.kill()
	return manager.Restart(ctx)
}

// Complete fills in defaults, and returns an error if a file is missing. [Cluster.StartAdapter] calls it; call it first
// to learn of that before a cluster is started.
func (o *AdapterOptions) Complete(binDir string) error {
	o.Name = cmp.Or(o.Name, AdapterName+"-0")
	var err error
	if o.Binary, err = filepath.Abs(cmp.Or(o.Binary, filepath.Join(binDir, AdapterName))); err != nil {
		return err
	}
	if _, err := os.Stat(o.Binary); err != nil {
		return fmt.Errorf("adapter binary missing, run \"make build\": %w", err)
	}
	if o.Manifests == "" {
		o.Manifests, err = findManifests(binDir)
		return err
	}
	if o.Manifests, err = filepath.Abs(o.Manifests); err != nil { // kubectl may work in another directory
		return err
	}
	if _, err := os.Stat(filepath.Join(o.Manifests, kustomization)); err != nil {
		return fmt.Errorf("no manifests of the adapter: %w", err)
	}
	return nil
}

const kustomization = "kustomization.yaml"

// findManifests returns deploy/base of the tree around the working directory, or else of that around binDir.
func findManifests(binDir string) (string, error) {
	working, err := os.Getwd()
	if err != nil {
		return "", err
	}
	if binDir, err = filepath.Abs(binDir); err != nil {
		return "", err
	}
	for _, from := range []string{working, binDir} {
		for dir := from; ; dir = filepath.Dir(dir) {
			base := filepath.Join(dir, "deploy", "base")
			if _, err := os.Stat(filepath.Join(base, kustomization)); err == nil {
				return base, nil
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	return "", fmt.Errorf("no manifests of the adapter: neither %s nor %s lies in a tree with deploy/base; name the directory of a kustomization",
		working, binDir)
}

func (c *Cluster) newAdapter(options AdapterOptions, container container, kubeconfig string, port int) *Adapter {
	args := mergeArgs(container.args,
		"--kubeconfig="+kubeconfig,
		"--bind-address=127.0.0.1",
		"--allow-loopback", // here Redis is on this machine too
		"--secure-port="+strconv.Itoa(port),
	)
	env := append(container.environment(options.Name), "PATH="+os.Getenv("PATH"), "HOME="+c.dir)
	if dir := os.Getenv("GOCOVERDIR"); dir != "" {
		env = append(env, "GOCOVERDIR="+dir)
	}
	line := slices.Concat(options.Launcher, []string{options.Binary}, mergeArgs(expand(args, env), options.ExtraArgs...))
	process := c.newProcess(Program{
		Name: options.Name, Path: line[0], Args: line[1:], Env: append(env, options.ExtraEnv...),
		Ready: HTTPReady("https://" + loopback(port) + "/readyz"),
	})
	return &Adapter{Process: process, cluster: c, port: port}
}

// Restart stops the adapter if it runs, starts it again, and waits until it is ready and requests reach it.
func (a *Adapter) Restart(ctx context.Context) error {
	if err := a.Process.Restart(ctx); err != nil {
		return err
	}
	return a.awaitRouted(ctx)
}

// Route sends the requests of the API server to this adapter, as a Service does with a pod that has become ready.
func (a *Adapter) Route(ctx context.Context) error {
	patch := fmt.Appendf(nil, `{"spec":{"service":{"port":%d}}}`, a.port)
	for _, name := range apiServiceNames() {
		if _, err := a.cluster.dynamic.Resource(apiServices).Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
			return fmt.Errorf("route %s to %s: %w", name, a.program.Name, err)
		}
	}
	return a.awaitRouted(ctx)
}

// awaitRouted waits until the API server reports both of the adapter's APIServices as available.
func (a *Adapter) awaitRouted(ctx context.Context) error {
	return a.cluster.awaitRouted(ctx, a.failure, apiServiceNames()...)
}

func (c *Cluster) awaitRouted(ctx context.Context, died func() error, names ...string) error {
	return await(ctx, "the APIServices to be available", died, func(ctx context.Context) error {
		for _, name := range names {
			object, err := c.dynamic.Resource(apiServices).Get(ctx, name, metav1.GetOptions{})
			if err != nil {
				return err
			}
			if err := available(object); err != nil {
				return err
			}
		}
		return nil
	})
}

var apiServices = schema.GroupVersionResource{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"}

func apiServiceNames() []string {
	return []string{"v1beta1.custom.metrics.k8s.io", "v1beta2.custom.metrics.k8s.io"}
}

func available(object *unstructured.Unstructured) error {
	conditions, _, err := unstructured.NestedSlice(object.Object, "status", "conditions")
	if err != nil {
		return err
	}
	for _, each := range conditions {
		condition, _ := each.(map[string]any)
		if condition["type"] != "Available" {
			continue
		}
		if condition["status"] == "True" {
			return nil
		}
		return fmt.Errorf("APIService %s is not available: %v: %v", object.GetName(), condition["reason"], condition["message"])
	}
	return fmt.Errorf("APIService %s has not been looked at yet", object.GetName())
}
