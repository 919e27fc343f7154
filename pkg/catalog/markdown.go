package catalog

import (
	"fmt"
	"strings"
)

// Markdown returns the catalog as the table of deploy/docs/metrics.md.
func (c *Catalog) Markdown() string {
	var b strings.Builder
	b.WriteString("| Metric | Kind | Unit | Labels | Aggregation | Redis | Meaning |\n|---|---|---|---|---|---|---|\n")
	for _, m := range c.metrics {
		labels := strings.Join(append([]string{LabelRole}, m.Labels...), ", ")
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s | %s |\n",
			m.Name, m.Kind, m.Unit, labels, m.Aggregation, m.Versions, m.Help)
	}
	return b.String()
}
