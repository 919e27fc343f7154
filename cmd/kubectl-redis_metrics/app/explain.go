package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/printers"
	"k8s.io/metrics/pkg/apis/custom_metrics/v1beta2"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/doctor"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/kubeapi"
)

func newExplain(p *plugin) *cobra.Command {
	return &cobra.Command{
		Use:   "explain METRIC [redis/NAME]",
		Short: "Explain a metric, and show what each selector gives",
		Long: `explain says what a metric measures: its unit, how its series are aggregated,
which versions of Redis have it, and its labels. With an object it also shows the
current value, the value for each role and shard of the object, and the series that
a selector can select.`,
		Example: `  # Explain a metric
  kubectl redis-metrics explain requests-per-second

  # Show its value for an object, and the series that a selector can select
  kubectl redis-metrics explain requests-per-second redis/my-redis`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("name a metric: \"kubectl redis-metrics metrics\" lists those that are built in")
			}
			return atMostOneObject(kindRedis)(nil, args[1:])
		},
		ValidArgsFunction: func(command *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 0 {
				return metricNames(), cobra.ShellCompDirectiveNoFileComp
			}
			return p.completeObject(kindRedis)(command, args[1:], typed)
		},
		RunE: func(command *cobra.Command, args []string) error {
			name := ""
			if len(args) > 1 {
				var err error
				if _, name, err = parseObject(args[1], kindRedis); err != nil {
					return err
				}
			}
			metric, builtin := catalog.Builtin().Lookup(args[0])
			if len(args) == 1 && !builtin {
				return fmt.Errorf("metric %q is not built in: \"kubectl redis-metrics metrics\" lists those that are; name an object that declares it, as redis/NAME", args[0])
			}
			if builtin {
				if err := p.describe(metric); err != nil {
					return err
				}
			}
			if len(args) == 1 {
				return nil
			}
			api, namespace, err := p.api()
			if err != nil {
				return err
			}
			var object v1alpha1.Redis
			if err := api.Get(command.Context(), kubeapi.Redises(namespace)+"/"+name, &object); err != nil {
				return err
			}
			if !builtin {
				if err := p.describeDeclared(&object, args[0]); err != nil {
					return err
				}
			}
			if err := p.values(command.Context(), api, &object, args[0]); err != nil || !builtin {
				return err
			}
			return p.series(command.Context(), api, &object, metric)
		},
	}
}

func (p *plugin) describe(m *catalog.Metric) error {
	w := printers.GetNewTabWriter(p.streams.Out)
	fmt.Fprintf(w, "Name:\t%s\n", m.Name)
	fmt.Fprintf(w, "Meaning:\t%s\n", strings.ReplaceAll(m.Help, "`", ""))
	fmt.Fprintf(w, "Kind:\t%s\n", m.Kind)
	fmt.Fprintf(w, "Unit:\t%s\n", m.Unit)
	fmt.Fprintf(w, "Aggregation:\t%s\n", m.Aggregation)
	fmt.Fprintf(w, "Labels:\t%s; also node, and in a cluster shard\n", labelsOf(m))
	fmt.Fprintf(w, "Redis:\t%s\n", cmp.Or(m.Versions, "all versions"))
	return w.Flush()
}

func (p *plugin) describeDeclared(object *v1alpha1.Redis, name string) error {
	i := slices.IndexFunc(object.Spec.Metrics, func(m v1alpha1.Metric) bool { return m.Name == name })
	if i < 0 {
		return fmt.Errorf("metric %q is neither built in nor declared by Redis %s: \"kubectl redis-metrics metrics\" lists the built-in ones", name, object.Name)
	}
	_, err := fmt.Fprintf(p.streams.Out, "Name:     %s\nMeaning:  declared by spec.metrics[%d] of Redis %s\n", name, i, object.Name)
	return err
}

// values prints the value of a metric for each selector that picks a role or a shard of an object.
func (p *plugin) values(ctx context.Context, api doctor.API, object *v1alpha1.Redis, metric string) error {
	w := printers.GetNewTabWriter(p.streams.Out)
	fmt.Fprintln(w, "\nSELECTOR\tVALUE\tWINDOW\tAGE")
	for _, selector := range selectorsOf(object) {
		shown := cmp.Or(selector, "<none>")
		value, err := ask(ctx, api, object, metric, selector)
		if err != nil {
			fmt.Fprintf(w, "%s\tunknown: %v\t\t\n", shown, err)
			continue
		}
		window := "<none>"
		if value.WindowSeconds != nil {
			window = fmt.Sprintf("%ds", *value.WindowSeconds)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", shown, kubeapi.Decimal(value.Value), window, time.Since(value.Timestamp.Time).Round(time.Second))
	}
	return w.Flush()
}

// series prints which values the labels of a metric have now. The metrics API lists them where a selector matches none.
func (p *plugin) series(ctx context.Context, api doctor.API, object *v1alpha1.Redis, metric *catalog.Metric) error {
	for _, label := range metric.Labels {
		_, err := ask(ctx, api, object, metric.Name, label+"=no-such-value")
		if err == nil {
			continue
		}
		if _, existing, found := strings.Cut(err.Error(), "the metric selector matches no series of "+metric.Name+"; "); found {
			if _, err := fmt.Fprintf(p.streams.Out, "\nSeries: %s\n", existing); err != nil {
				return err
			}
		}
	}
	return nil
}

func ask(ctx context.Context, api doctor.API, object *v1alpha1.Redis, metric, selector string) (v1beta2.MetricValue, error) {
	return kubeapi.Value(ctx, api, kubeapi.MetricPath(object.Namespace, object.Name, metric, selector))
}

// selectorsOf returns the selectors that pick a role or a shard of an object, the empty one first.
func selectorsOf(object *v1alpha1.Redis) []string {
	selectors := []string{""}
	for _, node := range object.Status.Nodes {
		for label, value := range map[string]string{catalog.LabelRole: node.Role, catalog.LabelShard: node.Shard} {
			if selector := label + "=" + value; value != "" && !slices.Contains(selectors, selector) {
				selectors = append(selectors, selector)
			}
		}
	}
	slices.Sort(selectors)
	return selectors
}
