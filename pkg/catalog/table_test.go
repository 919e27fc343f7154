package catalog_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/pagetest"
)

func TestMetricTable(t *testing.T) {
	text := "| Metric | Kind | Unit | Labels | Aggregation | Redis | Meaning |\n|---|---|---|---|---|---|---|\n"
	for _, m := range catalog.Builtin().All() {
		labels := strings.Join(append([]string{catalog.LabelRole}, m.Labels...), ", ")
		text += fmt.Sprintf("| `%s` | %s | %s | %s | %s | %s | %s |\n", m.Name, m.Kind, m.Unit, labels, m.Aggregation, m.Versions, m.Help)
	}
	pagetest.Table(t, "../../deploy/docs/metrics.md", "metrics", text)
}
