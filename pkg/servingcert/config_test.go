package servingcert

import (
	"strings"
	"testing"
	"time"
)

func TestNewRefuses(t *testing.T) {
	tests := map[string]struct {
		mutate func(*Config)
		want   string
	}{
		"no client":          {func(c *Config) { c.Client = nil }, "no Client"},
		"no registration":    {func(c *Config) { c.Registration = nil }, "no Registration"},
		"no namespace":       {func(c *Config) { c.Namespace = "" }, `namespace ""`},
		"bad Service":        {func(c *Config) { c.ServiceName = "1st" }, `ServiceName "1st"`},
		"bad Secret":         {func(c *Config) { c.SecretName = "A" }, `SecretName "A"`},
		"brief certificates": {func(c *Config) { c.ServingValidity = time.Minute }, "at least 1h0m0s"},
		"brief authority":    {func(c *Config) { c.CAValidity = testServingValidity }, "shorter than CAValidity"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t)
			cfg := c.manager().cfg
			test.mutate(&cfg)
			if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}

func TestNothingIsServedBeforeEnsure(t *testing.T) {
	m := newCluster(t).manager()
	certPEM, keyPEM := m.CurrentCertKeyContent()
	if certPEM != nil || keyPEM != nil || !m.NotAfter().IsZero() || len(m.cfg.Registration.States()) != 0 {
		t.Error("something is served or seen before the first pass")
	}
}
