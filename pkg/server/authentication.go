package server

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/apiserver/pkg/authorization/path"
)

// publicPaths are what needs no authorization, such as /livez: the paths of
// --authorization-always-allow-paths. They are all that a client without a name
// may ask for.
type publicPaths struct{ allowed authorizer.Authorizer }

func newPublicPaths(patterns []string) (publicPaths, error) {
	allowed, err := path.NewAuthorizer(patterns)
	return publicPaths{allowed}, err
}

// has reports whether a path needs no authorization. No path of the API is public.
func (p publicPaths) has(path string) bool {
	if strings.HasPrefix(path, "/apis/") {
		return false
	}
	decision, _, err := p.allowed.Authorize(context.Background(), authorizer.AttributesRecord{Path: path})
	return err == nil && decision == authorizer.DecisionAllow
}

// withoutAnonymous authenticates no client as anonymous but for public paths.
//
// The library has a field for this, DelegatingAuthenticationOptions.Anonymous,
// and reads it nowhere (k8s.io/apiserver v0.37.2, ApplyTo in
// pkg/server/options/authentication.go). Without it each request of an
// anonymous client would be a SubjectAccessReview.
func withoutAnonymous(all authenticator.Request, public publicPaths) authenticator.Request {
	return authenticator.RequestFunc(func(r *http.Request) (*authenticator.Response, bool, error) {
		response, ok, err := all.AuthenticateRequest(r)
		if ok && err == nil && slices.Contains(response.User.GetGroups(), user.AllUnauthenticated) && !public.has(r.URL.Path) {
			return nil, false, nil
		}
		return response, ok, err
	})
}
