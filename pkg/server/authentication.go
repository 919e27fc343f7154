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

// publicPaths are the paths of --authorization-always-allow-paths, such as /livez,
// which need no authorization. An anonymous client may request nothing else.
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

// withoutAnonymous authenticates clients as anonymous only for public paths.
//
// The library has a field for this, DelegatingAuthenticationOptions.Anonymous, but
// never reads it (k8s.io/apiserver v0.37.2, ApplyTo in
// pkg/server/options/authentication.go). Otherwise each request of an anonymous client
// would cost a SubjectAccessReview.
func withoutAnonymous(all authenticator.Request, public publicPaths) authenticator.Request {
	return authenticator.RequestFunc(func(r *http.Request) (*authenticator.Response, bool, error) {
		response, ok, err := all.AuthenticateRequest(r)
		if ok && err == nil && slices.Contains(response.User.GetGroups(), user.AllUnauthenticated) && !public.has(r.URL.Path) {
			return nil, false, nil
		}
		return response, ok, err
	})
}
