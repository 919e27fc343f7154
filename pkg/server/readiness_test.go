package server

import (
	"errors"
	"net/http"
	"slices"
	"testing"
)

// TestReadyOnceAllIsSampled keeps requests from a process that would answer them with errors.
func TestReadyOnceAllIsSampled(t *testing.T) {
	for name, test := range map[string]struct {
		synced  bool
		current error
		warm    bool
		failing []string
	}{
		"nothing is known":         {false, nil, false, []string{"redis-objects-synced", "redis-objects-sampled"}},
		"nothing is awaited":       {false, nil, true, []string{"redis-objects-synced", "redis-objects-sampled"}},
		"objects are known":        {true, nil, false, []string{"redis-objects-sampled"}},
		"objects were sampled":     {true, nil, true, nil},
		"the API server is silent": {true, errors.New("silent"), true, []string{"redis-objects-current"}},
	} {
		cfg := Config{
			Synced: func() bool { return test.synced }, Current: func() error { return test.current }, Warm: func() bool { return test.warm },
		}
		var failing []string
		for _, check := range cfg.ready() {
			if err := check.Check(&http.Request{}); err != nil {
				failing = append(failing, check.Name())
			}
		}
		if !slices.Equal(failing, test.failing) {
			t.Errorf("%s: %q fail, want %q", name, failing, test.failing)
		}
	}
}
