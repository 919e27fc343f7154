package demo

import (
	"strings"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
)

func TestVerdict(t *testing.T) {
	if err := verdict(verifier.Report{}); err == nil {
		t.Error("a demo in which nothing could be compared passes")
	}
	err := verdict(verifier.Report{Checked: 9, Violations: 1, Wrong: []string{"at noon"}})
	if err == nil || !strings.Contains(err.Error(), "1 of 9 served numbers") {
		t.Errorf("verdict %v, want one that counts", err)
	}
	if err := verdict(verifier.Report{Checked: 9}); err != nil {
		t.Error(err)
	}
}
