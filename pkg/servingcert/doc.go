// Package servingcert makes and renews the adapter's own certificate authority and serving certificate, so users need
// neither a certificate operator nor a hand-made Secret.
//
// It owns the data of one Secret (tls.crt, tls.key, ca.crt, ca.key), through which all replicas agree, and the field
// spec.caBundle of the configured APIServices. The manifests create the Secret, without data, so the adapter needs no
// right to create Secrets. Everything happens in one pass: read the Secret, plan what it should hold, write it if that
// differs, publish ca.crt in the APIServices, and serve the pair. A pass runs at start and every ten seconds.
//
// No request fails during rotation. ca.crt is a bundle: its first certificate signs, the others are still trusted. A
// new authority joins the bundle first. It signs a serving certificate only once the APIServices have shown it for five
// minutes; until then, a replica continues to serve its old pair. The old authority leaves the bundle once nothing that
// it signed can be valid. Serving certificates and authorities are replaced after two thirds of their lifetime, and a
// serving certificate at once if its names do not fit the Service.
//
// A Secret that is damaged, half written, or deleted and created again without data is repaired from memory. Only what
// is lost in every replica is replaced. While the Secret is missing, the pair in memory is served. So to distrust an
// authority (a leaked key), stop all replicas before removing the Secret's data.
//
// An APIService that names another Service is not changed, unless [Registration.TakeFrom] names that Service. One that
// sets insecureSkipTLSVerify cannot be changed. Both are logged once per change, and reported by the [Registration] and
// to the [Observer]. A missing APIService is awaited. An adapter whose certificate comes from files has a Registration
// but no Manager, and only reads.
//
// The permissions used are exactly these:
//
//	secrets, in the namespace of the Service: get, update with resourceNames [Config.SecretName]
//	apiservices.apiregistration.k8s.io, in the cluster: get, patch with resourceNames RegistrationConfig.APIServices
//
// Call [New], then [Manager.Ensure], which blocks until there is a pair, then pass the [Manager] to the listener
// (SecureServingOptions.ServerCert.GeneratedCert) and call [Manager.Run] in a goroutine. All methods may be called
// concurrently, but Run only once. While the Kubernetes API cannot be reached, the pair in memory is served, and
// passes are repeated with backoff. No method panics, and no key is logged at any verbosity.
package servingcert
