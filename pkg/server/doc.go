// Package server runs the aggregated API server: the custom metrics API on a
// TLS port with authentication and authorization delegated to the API server of the
// cluster, discovery, /livez, /readyz and /metrics.
//
// It takes a custom metrics provider, a serving certificate and readiness checks,
// and makes a generic API server, which answers requests until the context that it
// runs with ends, and then drains. A process becomes ready once, and no Redis can take
// that away. A silent API server can: another replica may hear of changes to objects.
//
// It is the only user of the library's AdapterBase, and completes it: discovery in
// its aggregated form, from which kubectl lists resources; 400 for a malformed metric
// selector; no Retry-After, for which a controller would wait inside its worker;
// deadlines for clients that do not read; GOAWAY for those that stay with a server
// that shuts down.
//
// One client cannot harm the others: connections, requests, selectors, lists and
// errors are bounded, a request that has no answer is refused before it is
// authorized, and the HorizontalPodAutoscaler controller never waits. handlerchain.go
// lists all filters in their order; the bounds are constants beside what they bound.
//
// Where there is another adapter as well, its metrics are listed beside ours and
// requests for them are sent on to it (delegaterouting.go), once they are authorized.
// Nothing of ours waits for it, and no check of health asks it.
//
// New fails if flags contradict each other, or if the cluster's API server cannot be
// asked how to authenticate clients.
package server
