// Package server stands up the aggregated API server: the custom metrics API on
// a TLS port with authentication and authorization delegated to the API server
// of the cluster, discovery, /livez, /readyz and /metrics.
//
// A custom metrics provider, a serving certificate and readiness checks flow in;
// requests are answered until the context of Run ends, and then drained. Readiness
// is asked of a new process, and no Redis can take it away.
//
// It is the only user of the library's AdapterBase, and mends what that leaves
// open: discovery in its aggregated form, by which kubectl lists resources, a
// malformed metric selector, which is the client's fault (400), Retry-After, for
// which a controller would wait inside its worker, clients that do not read, and
// those that stay with a server that is to stop.
//
// One client cannot harm the others: connections, requests, selectors, lists and
// errors are bounded, what has no answer is refused before anybody is asked who
// may have it, and the HorizontalPodAutoscaler waits for nobody. The bounds are
// constants beside what they bound: connections.go, requests.go, selector.go,
// lists.go, errors.go and inflight.go.
//
// New fails on flags that contradict each other and when the cluster's API
// server cannot be asked how to authenticate clients.
package server
