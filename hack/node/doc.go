// Package node runs one real Kubernetes node beside the control plane of package cluster: containerd and runc, the
// kubelet, kube-proxy and CoreDNS, so that images are started, Services are routed, names resolve and probes count.
//
// Call [Run] first, from main or TestMain. It runs the rest of the program in namespaces of its own (mount, PID and
// network), and in there [Start] starts control plane and node, [Node.Import] gives it images, and [Node.Stop] ends it.
// [Supported] says why a machine cannot run a node.
//
// The package owns what it starts, and the kernel cleans up: when the first process of the PID namespace ends, so do all
// others; the mount namespace takes its mounts with it, and the network namespace the pods' interfaces and the nftables
// tables. Run removes the rest, a directory and cgroups with the name of this run; if Run was killed, the next run does.
// No setting of the machine is changed, and two runs do not interfere.
//
// A Node may be used from several goroutines; one set of namespaces holds one node. It needs root on Linux. Images come
// from files and never from a registry, and pods reach nothing but the cluster. Errors say which step failed and, if a
// process died, contain the end of its log.
package node
