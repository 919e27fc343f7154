package faults

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the fault table into the documentation")

func TestFaultTable(t *testing.T) {
	const (
		page  = "../../deploy/docs/faults.md"
		begin = "<!-- faults: written by make generate -->\n"
		end   = "<!-- end of faults -->\n"
	)
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), begin)
	table, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("%s has no place for the fault table between %q and %q", page, begin, end)
	}
	if table == Markdown() {
		return
	}
	if !*update {
		t.Fatalf("the fault table in %s is not that of the matrix; run: make generate", page)
	}
	if err := os.WriteFile(page, []byte(before+begin+Markdown()+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
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
