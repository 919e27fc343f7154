// Package kubeapi asks the API server what the plugin of kubectl shows: it knows the paths of objects and metrics, and
// asks for the value of a metric as the HPA controller does.
//
// In flows a [Getter], which sends each request with the rights of whoever runs the plugin; out flow values and the
// errors of the API server as they are. It keeps nothing, and its functions are safe for concurrent use if the Getter is.
package kubeapi
