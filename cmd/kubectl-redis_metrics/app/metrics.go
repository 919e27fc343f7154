package app

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/printers"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
)

func newMetrics(p *plugin) *cobra.Command {
	return &cobra.Command{
		Use:   "metrics",
		Short: "List the metrics that every Redis object has",
		Long: `metrics lists the metrics that every Redis object has, in an adapter of the same
version as the plugin. It needs no cluster. An object may declare more in
spec.metrics.`,
		Example: `  # List the metrics
  kubectl redis-metrics metrics`,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(*cobra.Command, []string) error {
			w := printers.GetNewTabWriter(p.streams.Out)
			fmt.Fprintln(w, "NAME\tKIND\tUNIT\tAGGREGATION\tLABELS\tREDIS")
			for _, m := range catalog.Builtin().All() {
				versions := m.Versions
				if versions == "" {
					versions = "all"
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", m.Name, m.Kind, m.Unit, m.Aggregation, labelsOf(&m), versions)
			}
			return w.Flush()
		},
	}
}

func labelsOf(m *catalog.Metric) string {
	return strings.Join(append([]string{catalog.LabelRole}, m.Labels...), ",")
}
