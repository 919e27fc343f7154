// Package cluster runs a real Kubernetes control plane on this machine with no container engine: etcd, kube-apiserver,
// kube-controller-manager, kube-scheduler, and kwok, which plays the nodes and makes pods ready.
//
// Call [Start], use [Cluster.Config] or [Cluster.Kubectl], and call [Cluster.Stop] when done. [Cluster.StartAdapter]
// deploys the adapter from deploy/base as far as a cluster without real nodes allows; package node starts a real one.
//
// A Cluster owns the processes it starts, their certificates and a data directory. The programs come from a directory of
// binaries (make tools builds them); everything listens on loopback, on ports it picks. RBAC is on, and so are
// aggregation, admission defaults and the controllers' service accounts: what is refused here is refused in production.
//
// A Cluster, a Process and an Adapter may be used from several goroutines. Stop may be called any number of times. No
// process outlives the program: on Linux the kernel kills them with it, elsewhere Stop must run.
//
// Errors say which step failed and what was last seen there and, if a process died, contain the end of its log.
package cluster
