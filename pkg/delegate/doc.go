// Package delegate sends requests for other metrics than ours to the adapter
// that served the custom metrics API before: one backend, a Service of the
// cluster.
//
// A request flows in that the server has authenticated and authorized, with a
// path in its canonical form, and the answer of the backend flows out: status
// code and body as they are. Nothing of the client goes further than the path,
// the query and the headers that are listed in request.go. The backend sees a
// ServiceAccount that may do nothing else than read custom metrics.
//
// In the background a Backend keeps the token of that ServiceAccount, reads what
// the backend lists in discovery, and reads the file with its authority again.
// No request waits for any of these.
//
// The backend is not trusted to be there, to be quick or to say the truth. A
// request has a deadline, their number has a limit, and a circuit breaker refuses
// at once what would only wait. Bodies, headers and lists are bounded. What fails
// is a [Failure]: an API error that names the Service, and never an address.
//
// All methods of a Backend are safe for concurrent use; Run is called once.
package delegate
