package server

import (
	"context"
	"net/http"
	"sync"

	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/authenticatorfactory"
	"k8s.io/apiserver/pkg/authentication/request/x509"
)

// direct bounds the requests of clients that do not come through the front proxy,
// before they are authenticated, because each unknown token costs a request to the API
// server. Health checks are not bounded, so a crowd of clients cannot make the kubelet
// restart the pod.
type direct struct {
	connections *connections
	frontProxy  authenticator.Request // nil if none is known
	public      publicPaths
	turns       *requestQueue
}

// newFrontProxy returns an authenticator of the front proxy itself, by its certificate.
// It does not authenticate the user in whose name the front proxy asks.
func newFrontProxy(config *authenticatorfactory.RequestHeaderConfig) authenticator.Request {
	if config == nil {
		return nil
	}
	anybody := authenticator.RequestFunc(func(*http.Request) (*authenticator.Response, bool, error) {
		return nil, true, nil
	})
	return x509.NewDynamicCAVerifier(config.CAContentProvider.VerifyOptions, anybody, config.AllowedClientNames)
}

func (d *direct) limit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if d.proxied(r) || d.public.has(r.URL.Path) {
			next.ServeHTTP(w, r)
			return
		}
		if !d.turns.enter(r.Context()) {
			refuse(w, r, tooMany())
			return
		}
		leave := sync.OnceFunc(d.turns.leave)
		defer leave()
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), turnKey{}, leave)))
	})
}

type turnKey struct{}

// leaveTurn ends the turn of a direct request that has been authorized and will wait
// for a delegate.
func leaveTurn(ctx context.Context) {
	if leave, ok := ctx.Value(turnKey{}).(func()); ok {
		leave()
	}
}

// proxied reports whether a request comes through the front proxy. A connection is vouched for once.
func (d *direct) proxied(r *http.Request) bool {
	if d.connections.vouched(r.RemoteAddr) {
		return true
	}
	if d.frontProxy == nil || r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return false
	}
	if _, ok, err := d.frontProxy.AuthenticateRequest(r); err != nil || !ok {
		return false
	}
	d.connections.vouch(r.RemoteAddr)
	return true
}
