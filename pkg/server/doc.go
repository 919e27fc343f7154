// Package server runs the aggregated API server: the custom metrics API on a TLS port,
// with authentication and authorization delegated to the API server of the cluster,
// discovery, /livez, /readyz and /metrics.
//
// It takes a custom metrics provider, a serving certificate and readiness checks, and
// makes a generic API server, which answers requests until its context ends, and then
// drains. A process becomes ready once, and no Redis can change that. A silent API
// server can, because another replica may still receive changes to objects.
//
// It is the only user of the library's AdapterBase, and adds what that lacks:
// aggregated discovery, from which kubectl lists resources; 400 for a malformed metric
// selector; no Retry-After, for which a controller would wait inside its worker;
// deadlines for clients that do not read; GOAWAY for clients of a server that shuts
// down.
//
// One client cannot harm others: connections, requests, selectors, lists and errors are
// bounded, a request that has no answer is refused before it is authorized, and the
// HorizontalPodAutoscaler controller never waits. handlerchain.go lists all filters in
// their order. The bounds are constants next to what they bound.
//
// If there is another adapter as well, its metrics are listed too, and authorized
// requests for them are forwarded to it (delegaterouting.go). Redis metrics never wait
// for it, and no health check asks it.
//
// New fails if flags contradict each other, or if the cluster's API server does not say
// how to authenticate clients.
package server
