// Package admissionpolicy reports whether the API server enforces the admission policies
// on which the adapter relies.
//
// A ValidatingAdmissionPolicy lets an author name only Secrets that the author may
// get, and others let an author name addresses and scripts. Nothing of that holds
// if a policy or its binding is missing or narrowed, and the adapter, which has
// rights of its own, would not notice: it would send a password wherever an
// object says. A [Guard] therefore reads policies and bindings again and again.
//
// A policy is enforced if it and a binding of the same name exist, the binding
// denies, and neither leaves out objects, namespaces or operations. What its
// expressions say is not compared: whoever may write admission policies may do
// anything in the cluster, and is not guarded against.
//
// The permissions used are exactly these, in the cluster, with resourceNames
// Config.Policies:
//
//	validatingadmissionpolicies.admissionregistration.k8s.io: get
//	validatingadmissionpolicybindings.admissionregistration.k8s.io: get
//
// While the API server does not answer, what was found last holds. Methods are
// safe for concurrent use, but Run runs only once.
package admissionpolicy
