// Package servingcert makes and renews the adapter's own certificate authority and serving certificate, so that neither a
// certificate operator nor a hand-made Secret is needed.
//
// It owns the data of one Secret (tls.crt, tls.key, ca.crt, ca.key), through which all replicas agree, and the field
// spec.caBundle of the APIServices that it is told of. The Secret itself is made by the manifests, without data, so that
// the adapter needs no right to create Secrets. Everything flows through one pass: read the Secret,
// plan what it should hold, write it if that differs, publish ca.crt in the APIServices, and serve the pair. A pass runs
// at start and every ten seconds.
//
// Rotation fails no request. ca.crt is a bundle: its first certificate signs, the others are still trusted. A new
// authority joins the bundle first; only when the APIServices have shown it for five minutes is a serving certificate
// signed by it, and a replica goes on serving its old pair until then. The old authority leaves the bundle once nothing
// that it signed can be valid. Serving certificates and authorities are replaced after two thirds of their life, and a
// serving certificate at once if its names do not fit the Service.
//
// A Secret that is damaged, half written, or deleted and made again without data is mended from what this replica holds
// in memory; only what is lost everywhere is replaced. While the Secret is missing, the pair in memory is served. Whoever
// must distrust an authority (a leaked key) therefore stops all replicas before removing the Secret's data.
//
// An APIService that names another Service is not written to, unless [Registration.TakeFrom] names that one, and one that
// sets insecureSkipTLSVerify cannot be; both are logged once per change and shown by a [Registration], and passed to the [Observer]. A missing one is waited for.
// An adapter whose certificate comes from files has a Registration and no Manager: it looks and writes nothing.
//
// The permissions used are exactly these:
//
//	secrets, in the namespace of the Service: get, update with resourceNames [Config.SecretName]
//	apiservices.apiregistration.k8s.io, in the cluster: get, patch with resourceNames RegistrationConfig.APIServices
//
// Call [New], then [Manager.Ensure], which blocks until there is a pair, then hand the [Manager] to the listener
// (SecureServingOptions.ServerCert.GeneratedCert) and call [Manager.Run] in a goroutine. All methods may be called
// concurrently, but Run only once. While the Kubernetes API cannot be reached the pair in memory goes on being served
// and passes are repeated with backoff; no method panics, and no key is ever logged,
// at no verbosity.
package servingcert
