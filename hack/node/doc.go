// Package node runs one real Kubernetes node beside the control plane of package cluster: containerd and runc, the
// kubelet, kube-proxy and CoreDNS, so that images are started, Services are routed, names resolve and probes count.
//
// Call [Run] first, from main or TestMain. It runs the rest of the program in namespaces of its own (mount, PID and
// network), and in there [Start] starts control plane and node, [Node.Import] gives it images, and [Node.Stop] ends it.
// [Supported] says why a machine cannot have a node.
//
// It owns what it starts, and the kernel cleans up after it: with the first process of the PID namespace go all others,
// whatever they are, with the mount namespace its mounts and what was written in memory, and with the network namespace
// the pods' interfaces and the tables of nftables. What the kernel does not take back, a directory and
// cgroups that bear the name of this run, Run removes, and so does the next run if Run itself was killed. No
// setting of the machine is changed, and two runs never meet.
//
// A Node may be used from several goroutines; one set of namespaces holds one node. It needs root on Linux, images come from
// files and never from a registry, and pods reach nothing but the cluster. Errors say which step failed, and, if a
// process died, hold the end of its log.
package node
