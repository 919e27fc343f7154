package cluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// startTimeout bounds the start of a control plane.
const startTimeout = 2 * time.Minute

// Cluster is a running control plane.
type Cluster struct {
	options     Options
	dir         string
	temporary   bool
	credentials *credentials
	url         string
	kubeconfig  string
	config      *rest.Config
	client      kubernetes.Interface
	dynamic     dynamic.Interface
	apiServers  map[string]*Process // by URL
	balancer    *balancer           // nil if there is one API server

	mu        sync.Mutex
	processes []*Process // the control plane, in order of start
	adapters  []*Process
	stopped   bool
}

// Start starts a control plane and returns when it is ready to schedule pods and to make them ready. When it fails, or
// ctx ends on the way, it stops what it had started. Later on ctx does not matter: call [Cluster.Stop].
func Start(ctx context.Context, options Options) (*Cluster, error) {
	if err := options.complete(); err != nil {
		return nil, fmt.Errorf("start cluster: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	dir, temporary, err := options.prepareDir()
	if err != nil {
		return nil, fmt.Errorf("start cluster: %w", err)
	}
	c := &Cluster{options: options, dir: dir, temporary: temporary, apiServers: map[string]*Process{}}
	if err := c.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start cluster: %w", err), c.Stop())
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context) error {
	began := time.Now()
	ports, err := pickPorts(c.options.Port)
	if err != nil {
		return err
	}
	if err := c.prepare(ports); err != nil {
		return err
	}
	if _, err := c.bring(ctx, c.etcd(ports)); err != nil {
		return err
	}
	if err := c.bringAPIServers(ctx, ports); err != nil {
		return err
	}
	others := []Program{c.controllerManager(ports), c.scheduler(ports)}
	if c.options.Nodes > 0 {
		others = append(others, c.kwok(ports))
	}
	if _, err := c.bring(ctx, others...); err != nil {
		return err
	}
	if err := c.createNodes(ctx); err != nil {
		return err
	}
	if err := c.awaitControllers(ctx); err != nil {
		return err
	}
	c.logf("control plane ready after %.1fs", time.Since(began).Seconds())
	return nil
}

func (c *Cluster) bringAPIServers(ctx context.Context, ports ports) (err error) {
	if c.options.SecondAPIServer == "" {
		return c.bringAPIServer(ctx, c.apiServer(ports, ports.apiServer), ports.apiServer)
	}
	c.balancer, err = newBalancer(ctx, ports.apiServer, loopback(ports.firstAPIServer), loopback(ports.secondAPIServer))
	if err != nil {
		return err
	}
	if err := c.bringAPIServer(ctx, c.apiServer(ports, ports.firstAPIServer), ports.firstAPIServer); err != nil {
		return err
	}
	return c.bringAPIServer(ctx, c.secondAPIServer(ports), ports.secondAPIServer)
}

func (c *Cluster) bringAPIServer(ctx context.Context, program Program, port int) error {
	started, err := c.bring(ctx, program)
	if err != nil {
		return err
	}
	c.apiServers["https://"+loopback(port)] = started[0]
	return nil
}

func (c *Cluster) prepare(ports ports) error {
	var err error
	if c.credentials, err = newCredentials(filepath.Join(c.dir, "pki")); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(c.dir, "logs"), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(c.kwokConfig(), stages, 0o600); err != nil {
		return err
	}
	c.url = "https://" + loopback(ports.apiServer)
	if c.kubeconfig, err = c.KubeconfigForUser("admin", "system:masters"); err != nil {
		return err
	}
	if c.config, err = clientcmd.BuildConfigFromFlags("", c.kubeconfig); err != nil {
		return err
	}
	c.config.QPS = -1 // tests and demos wait for the cluster, not for a client's own limiter
	if c.client, err = kubernetes.NewForConfig(c.config); err != nil {
		return err
	}
	c.dynamic, err = dynamic.NewForConfig(c.config)
	return err
}

// StartProgram starts a program that ends with the cluster at the latest, and waits until it is ready. It works in the
// cluster's directory.
func (c *Cluster) StartProgram(ctx context.Context, program Program) (*Process, error) {
	started, err := c.bring(ctx, program)
	if err != nil {
		for _, process := range started {
			err = errors.Join(err, process.Stop())
		}
		return nil, fmt.Errorf("start %s: %w", program.Name, err)
	}
	return started[0], nil
}

// bring starts programs side by side and waits until all are ready. It returns those that it has started.
func (c *Cluster) bring(ctx context.Context, programs ...Program) (started []*Process, err error) {
	began := time.Now()
	for _, program := range programs {
		process := c.newProcess(program)
		if err := c.startAmong(&c.processes, process); err != nil {
			return started, err
		}
		started = append(started, process)
	}
	for _, process := range started {
		if err := process.await(ctx); err != nil {
			return started, err
		}
		c.logf("%s ready (%.1fs)", process.program.Name, time.Since(began).Seconds())
	}
	return started, nil
}

// startAmong starts a process unless the cluster is stopped, and adds it to those that Stop ends.
func (c *Cluster) startAmong(all *[]*Process, process *Process) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return fmt.Errorf("start %s: the cluster is stopped", process.program.Name)
	}
	*all = append(*all, process)
	return process.start()
}

// Config returns a client configuration for the cluster's administrator (group system:masters). It is a copy.
func (c *Cluster) Config() *rest.Config { return rest.CopyConfig(c.config) }

// Kubeconfig returns the path of the administrator's kubeconfig.
func (c *Cluster) Kubeconfig() string { return c.kubeconfig }

// Dir returns the directory that holds data, kubeconfigs and logs.
func (c *Cluster) Dir() string { return c.dir }

// FrontProxy returns, in PEM, the client certificate and key with which the API server calls aggregated servers, and
// the authority of that certificate. With it a test may call the adapter as the aggregator does.
func (c *Cluster) FrontProxy() (cert, key, ca []byte) {
	return c.credentials.frontProxyClient.cert, c.credentials.frontProxyClient.key, c.credentials.frontProxyCA.cert
}

// Process returns a process of the control plane by its name, or nil.
func (c *Cluster) Process(name string) *Process {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := slices.IndexFunc(c.processes, func(p *Process) bool { return p.program.Name == name }); i >= 0 {
		return c.processes[i]
	}
	return nil
}

// APIServers returns the API servers that Start has started, each by a URL that leads to it alone.
func (c *Cluster) APIServers() map[string]*Process { return maps.Clone(c.apiServers) }

// Err returns what has died although nobody asked it to, each with the end of its log, or nil.
func (c *Cluster) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var failures []error
	for _, process := range slices.Concat(c.processes, c.adapters) {
		failures = append(failures, process.failure())
	}
	return errors.Join(failures...)
}

// Stop ends all processes, adapters first and in good order, the rest at once, and removes the directory if it was a
// temporary one, but for the logs that are to be kept.
func (c *Cluster) Stop() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return nil
	}
	c.stopped = true
	var failures []error
	for _, adapter := range c.adapters {
		failures = append(failures, adapter.Stop())
	}
	for _, process := range slices.Backward(c.processes) {
		process.kill()
	}
	if c.balancer != nil {
		failures = append(failures, c.balancer.listener.Close())
	}
	if c.temporary {
		if keep := c.options.KeepLogs; keep != "" {
			failures = append(failures, os.CopyFS(filepath.Join(keep, filepath.Base(c.dir)), os.DirFS(filepath.Join(c.dir, "logs"))))
		}
		failures = append(failures, os.RemoveAll(c.dir))
	}
	return errors.Join(failures...)
}

func (c *Cluster) logf(format string, args ...any) {
	fmt.Fprintf(c.options.Log, format+"\n", args...)
}
