package catalog_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
)

var update = flag.Bool("update", false, "write the metric table into the documentation")

func TestMetricTable(t *testing.T) {
	const (
		page  = "../../deploy/docs/metrics.md"
		begin = "<!-- metrics: written by make generate -->\n"
		end   = "<!-- end of metrics -->\n"
	)
	metrics, err := catalog.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), begin)
	table, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("%s has no place for the metric table between %q and %q", page, begin, end)
	}
	if table == metrics.Markdown() {
		return
	}
	if !*update {
		t.Fatalf("the metric table in %s is not that of the catalog; run: make generate", page)
	}
	if err := os.WriteFile(page, []byte(before+begin+metrics.Markdown()+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}
