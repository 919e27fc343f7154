package servingcert

import (
	"strings"
	"testing"
)

func TestNewRefuses(t *testing.T) {
	tests := map[string]struct {
		mutate func(*Config)
		want   string
	}{
		"no client":       {func(c *Config) { c.Client = nil }, "no Client"},
		"no registration": {func(c *Config) { c.Registration = nil }, "no Registration"},
		"bad Secret":      {func(c *Config) { c.SecretName = "A" }, `SecretName "A"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := newCluster(t).config()
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
	if certPEM != nil || keyPEM != nil || len(m.cfg.Registration.States()) != 0 {
		t.Error("something is served or seen before the first pass")
	}
}
