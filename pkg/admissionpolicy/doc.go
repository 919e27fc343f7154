// Package admissionpolicy reports whether the API server enforces the admission policies
// on which the adapter relies.
//
// A ValidatingAdmissionPolicy lets authors name only Secrets that they may get, and
// other policies restrict addresses and scripts. If a policy or its binding is missing
// or narrowed, the adapter, with its own rights, would send a password wherever an
// object says. So a [Guard] reads policies and bindings periodically.
//
// A policy is enforced if it and a binding of the same name exist, the binding denies,
// and neither leaves out objects, namespaces or operations. Its expressions are not
// compared, because whoever may write admission policies may do anything in the
// cluster.
//
// The permissions used are exactly these, in the cluster, with resourceNames
// Config.Policies:
//
//	validatingadmissionpolicies.admissionregistration.k8s.io: get
//	validatingadmissionpolicybindings.admissionregistration.k8s.io: get
//
// While the API server does not answer, the last result holds. Methods are safe for
// concurrent use. Call Run once.
package admissionpolicy
