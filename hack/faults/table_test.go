package faults

import (
	"strings"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/pagetest"
)

func TestFaultTable(t *testing.T) {
	pagetest.Table(t, "../../deploy/docs/faults.md", "faults", Markdown())
}

func TestMatrixIsWhole(t *testing.T) {
	const kinds = 25
	all, names := All(), map[string]bool{}
	if len(all) < kinds {
		t.Errorf("%d rows, want %d at least", len(all), kinds)
	}
	for _, f := range all {
		if names[f.Name] {
			t.Errorf("two rows have the name %q", f.Name)
		}
		names[f.Name] = true
		if f.Name == "" || f.How == "" || f.Within == 0 || f.inject == nil || strings.Contains(f.Name+f.How, "|") {
			t.Errorf("the row %q lacks something, or breaks the table", f.Name)
		}
	}
}
