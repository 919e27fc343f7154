// Package delegate forwards requests for other metrics to the adapter that served the
// custom metrics API before: one backend, a Service of the cluster.
//
// An authenticated and authorized request flows in, with a canonical path, and the
// backend's response flows out, with its status code and body unchanged. Of the client,
// only the path, the query and the headers listed in forwardedheaders.go reach the
// backend. The backend sees a ServiceAccount that may only read custom metrics.
//
// In the background, a Backend renews the token of that ServiceAccount, reads what the
// backend lists in discovery, and rereads the file with its authority. No request waits
// for any of these.
//
// The backend is not trusted to be available, fast or correct. Each request has a
// deadline, their number is limited, and a circuit breaker refuses at once what would
// only wait. Bodies, headers and lists are bounded. Errors are [Failure]s: API errors
// that name the Service, and never an address.
//
// All methods of a Backend are safe for concurrent use. Call Run once.
package delegate
