package server

import (
	"errors"
	"net/http"

	"k8s.io/apiserver/pkg/server/healthz"
)

// ready returns the checks that a process must pass before requests are sent to it.
func (c Config) ready() []healthz.HealthChecker {
	return []healthz.HealthChecker{
		healthz.NamedCheck("redis-objects-synced", func(*http.Request) error {
			if !c.Synced() {
				return errors.New("the Redis objects of the cluster have not been read yet")
			}
			return nil
		}),
		healthz.NamedCheck("redis-objects-sampled", func(*http.Request) error {
			if !c.Synced() || !c.Warm() {
				return errors.New("the Redis objects of the cluster have not been sampled twice yet")
			}
			return nil
		}),
		healthz.NamedCheck("redis-objects-current", func(*http.Request) error { return c.Current() }),
	}
}
