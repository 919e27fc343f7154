package server

import (
	"fmt"
	"net/http"

	genericapiserver "k8s.io/apiserver/pkg/server"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"
)

// protect installs the filters that bound what clients can use of the server. The
// earlier a request is refused, the less it costs.
func protect(generic *genericapiserver.Config, o *Options, cfg Config) error {
	public, err := newPublicPaths(o.Adapter.Authorization.AlwaysAllowPaths)
	if err != nil {
		return fmt.Errorf("--authorization-always-allow-paths: %w", err)
	}
	generic.Authentication.Authenticator = withoutAnonymous(generic.Authentication.Authenticator, public)
	generic.Authorization.Authorizer, err = withLane(generic.Authorization.Authorizer, o.Adapter.Authorization, o.Autoscalers)
	if err != nil {
		return err
	}

	cut, open := writeDeadline{after: requestTimeout}, newConnections()
	generic.SecureServing.Listener = open.listen(cut.listen(generic.SecureServing.Listener))
	generic.MaxRequestsInFlight, generic.MaxMutatingRequestsInFlight = 0, 0 // turns takes their place
	turns := newRequestQueue(waitersAtMost, o.Autoscalers)
	direct := &direct{open, newFrontProxy(generic.Authentication.RequestHeaderConfig), public, newRequestQueue(directWaitersAtMost, nil)}
	generic.BuildHandlerChainFunc = func(api http.Handler, c *genericapiserver.Config) http.Handler {
		routed := turns.limit(api)
		if cfg.Delegate != nil {
			routed = routes{own: routed, listed: provider.NewCustomMetricResourceLister(cfg.Provider), delegate: cfg.Delegate}
		}
		served := genericapiserver.DefaultBuildHandlerChain(routed, c)
		checked := withMetricAlias(requestCheck{cfg.Delegate != nil}.filter(direct.limit(withPlainLists(served))))
		return withGoAway(cut.withDeadline(withCompleteDiscovery(withBoundedErrors(checked))), c.ShutdownInitiatedNotify())
	}
	return nil
}
