package cluster

import (
	"context"
	"path/filepath"
	"slices"
	"strconv"
)

// ServiceRange holds the addresses of Services.
const ServiceRange = "10.96.0.0/16"

type ports struct {
	etcd, etcdPeer, apiServer, controllerManager, scheduler, kwok int
	// Where two API servers listen, when apiServer leads to both.
	firstAPIServer, secondAPIServer int
}

func pickPorts(apiServer int) (ports, error) {
	p := ports{apiServer: apiServer}
	taken := map[int]bool{}
	for _, field := range []*int{&p.apiServer, &p.etcd, &p.etcdPeer, &p.controllerManager, &p.scheduler, &p.kwok, &p.firstAPIServer, &p.secondAPIServer} {
		for *field == 0 || taken[*field] {
			port, err := FreePort()
			if err != nil {
				return ports{}, err
			}
			*field = port
		}
		taken[*field] = true
	}
	return p, nil
}

func (c *Cluster) program(name string, ready func(context.Context) error, args ...string) Program {
	return Program{Name: name, Path: filepath.Join(c.options.BinDir, name), Args: append(args, c.options.ExtraArgs[name]...), Ready: ready}
}

func (c *Cluster) etcd(ports ports) Program {
	client, peer := "http://"+loopback(ports.etcd), "http://"+loopback(ports.etcdPeer)
	return c.program(Etcd, HTTPReady(client+"/health"),
		"--name=etcd",
		"--data-dir="+filepath.Join(c.dir, "etcd"),
		"--listen-client-urls="+client, "--advertise-client-urls="+client,
		"--listen-peer-urls="+peer, "--initial-advertise-peer-urls="+peer,
		"--initial-cluster=etcd="+peer,
		"--unsafe-no-fsync", // nothing here has to outlive the machine
		"--log-level=warn",
	)
}

// secondAPIServer is of another release, with the arguments of the first.
func (c *Cluster) secondAPIServer(ports ports) Program {
	program := anotherAPIServer(c.apiServer(ports, ports.firstAPIServer), SecondAPIServer, ports.secondAPIServer)
	program.Path = c.options.SecondAPIServer
	return program
}

// anotherAPIServer is an API server with the arguments of another one, except its port.
func anotherAPIServer(program Program, name string, port int) Program {
	program.Name, program.Ready = name, HTTPReady("https://"+loopback(port)+"/readyz")
	program.Args = append(slices.Clone(program.Args), "--secure-port="+strconv.Itoa(port)) // the last one counts
	return program
}

func (c *Cluster) apiServer(ports ports, port int) Program {
	file := c.credentials.path
	return c.program(APIServer, c.apiServerReady, append(c.apiServerAddress(),
		"--etcd-servers=http://"+loopback(ports.etcd),
		"--secure-port="+strconv.Itoa(port),
		"--tls-cert-file="+file("apiserver.crt"), "--tls-private-key-file="+file("apiserver.key"),
		"--client-ca-file="+file("ca.crt"),
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction",
		"--allow-privileged=true",
		"--service-cluster-ip-range="+ServiceRange,
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file="+file("service-account.pub"),
		"--service-account-signing-key-file="+file("service-account.key"),
		"--requestheader-client-ca-file="+file("front-proxy-ca.crt"),
		"--requestheader-allowed-names="+frontProxyName,
		"--requestheader-username-headers=X-Remote-User",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file="+file("front-proxy-client.crt"),
		"--proxy-client-key-file="+file("front-proxy-client.key"),
	)...)
}

// StartAPIServer starts one more API server of the same etcd, and returns it and its URL.
func (c *Cluster) StartAPIServer(ctx context.Context, name string) (*Process, string, error) {
	port, err := FreePort()
	if err != nil {
		return nil, "", err
	}
	process, err := c.StartProgram(ctx, anotherAPIServer(c.Process(APIServer).program, name, port))
	return process, "https://" + loopback(port), err
}

// apiServerAddress returns where the API server listens, and how it reaches a real node.
func (c *Cluster) apiServerAddress() []string {
	if c.options.NodeAddress == "" {
		return []string{
			"--bind-address=127.0.0.1", "--advertise-address=127.0.0.1",
			"--endpoint-reconciler-type=none", // EndpointSlices refuse loopback addresses
		}
	}
	return []string{
		"--bind-address=0.0.0.0", "--advertise-address=" + c.options.NodeAddress,
		"--kubelet-preferred-address-types=InternalIP",
		"--kubelet-client-certificate=" + c.credentials.path("kubelet-client.crt"),
		"--kubelet-client-key=" + c.credentials.path("kubelet-client.key"),
		"--kubelet-certificate-authority=" + c.credentials.path("ca.crt"),
	}
}

func (c *Cluster) controllerManager(ports ports) Program {
	file := c.credentials.path
	ready := HTTPReady("https://" + loopback(ports.controllerManager) + "/healthz")
	return c.program(ControllerManager, ready, append(c.delegating(ports.controllerManager),
		"--service-account-private-key-file="+file("service-account.key"),
		"--root-ca-file="+file("ca.crt"),
		"--cluster-signing-cert-file="+file("ca.crt"), "--cluster-signing-key-file="+file("ca.key"),
		"--use-service-account-credentials",
		"--kube-api-qps=300", "--kube-api-burst=600", // else starting alone takes it five seconds more
		"--horizontal-pod-autoscaler-sync-period="+c.options.HPASyncPeriod.String(),
		"--horizontal-pod-autoscaler-downscale-stabilization="+c.options.HPADownscaleStabilization.String(),
		"--node-monitor-grace-period=10m", // no node is ever lost here, but the API server may be halted for a while
	)...)
}

func (c *Cluster) scheduler(ports ports) Program {
	return c.program(Scheduler, HTTPReady("https://"+loopback(ports.scheduler)+"/healthz"), c.delegating(ports.scheduler)...)
}

// delegating returns what controller manager and scheduler have in common.
func (c *Cluster) delegating(port int) []string {
	return []string{
		"--kubeconfig=" + c.kubeconfig,
		"--authentication-kubeconfig=" + c.kubeconfig,
		"--authorization-kubeconfig=" + c.kubeconfig,
		"--bind-address=127.0.0.1",
		"--secure-port=" + strconv.Itoa(port),
		"--leader-elect=false",
	}
}
