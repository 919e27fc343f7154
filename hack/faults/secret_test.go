package faults

import (
	"testing"
	"time"
)

func TestSecretIsRead(t *testing.T) {
	changed := time.Now()
	for name, test := range map[string]struct {
		same        bool
		connections []string
		after       time.Duration
		want        bool
	}{
		"new connections":                       {false, []string{"3", "4"}, 0, true},
		"an old one":                            {false, []string{"2", "3"}, longestReread + time.Second, false},
		"an old one, and nothing new to read":   {true, []string{"2", "3"}, longestReread + time.Second, true},
		"an old one that may be renewed yet":    {true, []string{"2", "3"}, longestReread - time.Second, false},
		"new connections, nothing new was read": {true, []string{"3", "4"}, 0, true},
	} {
		s := &Secret{past: []string{"1", "2"}, changed: changed, same: test.same}
		if got := s.read(test.connections, changed.Add(test.after)); got != test.want {
			t.Errorf("%s: %t, want %t", name, got, test.want)
		}
	}
}
