// Package kubeapi reads from the API server what the kubectl plugin shows: it knows the paths of objects and metrics,
// and requests the value of a metric like the HPA controller.
//
// In flows a [Getter], which sends each request with the rights of whoever runs the plugin. Out flow values and the
// unchanged errors of the API server. It keeps nothing, and its functions are safe for concurrent use if the Getter is.
package kubeapi
