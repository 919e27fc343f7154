package app

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/cli-runtime/pkg/printers"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/kubeapi"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/overview"
)

// draw writes an overview for people to read. Values come last in a row, where a long reason has room.
func draw(o overview.Overview, t *top, seen seenValues) (string, error) {
	var objects, hpas, notes strings.Builder
	var err error
	if t.redis == "" {
		err = errors.Join(drawObjects(&objects, o, t), drawHPAs(&hpas, o, t))
	} else if len(o.Objects) > 0 {
		err = errors.Join(drawObject(&objects, o, o.Objects[0], seen), drawHPAs(&hpas, o, t))
	}
	for _, problem := range unread(o) {
		fmt.Fprintf(&notes, "Not read: %s\n", problem)
	}
	sections := slices.DeleteFunc([]string{objects.String(), hpas.String(), notes.String()}, func(text string) bool { return text == "" })
	return strings.Join(sections, "\n"), err
}

// table writes rows of columns. The first row has headings. It leaves out the namespace unless all are shown.
func (t *top) table(w io.Writer, rows [][]string) error {
	table := printers.GetNewTabWriter(w)
	for _, row := range rows {
		if t.namespace != "" {
			row = row[1:]
		}
		fmt.Fprintln(table, strings.Join(row, "\t"))
	}
	return table.Flush()
}

func (t *top) scope() string {
	if t.namespace == "" {
		return "the cluster"
	}
	return "namespace " + t.namespace
}

func drawObjects(w io.Writer, o overview.Overview, t *top) error {
	if len(o.Objects) == 0 {
		if len(o.Problems) > 0 {
			return nil // the list may be what could not be read
		}
		_, err := fmt.Fprintf(w, "No Redis objects in %s.\n", t.scope())
		return err
	}
	wide := t.output == "wide"
	rows := [][]string{{"NAMESPACE", "NAME", "READY", "TOPOLOGY", "AGE", "HPAS"}}
	if wide {
		rows[0] = append(rows[0], "REASON", "ADDRESS", "SAMPLED")
	}
	rows[0] = append(rows[0], "REQUESTS/S")
	for _, object := range o.Objects {
		value := object.Metrics[0].Value
		row := []string{object.Namespace, object.Name, object.Ready, object.Topology, age(o.Time, object.Created), cmp.Or(strings.Join(object.HPAs, ","), none)}
		if wide {
			row = append(row, cmp.Or(object.Reason, none), cmp.Or(object.Endpoint, none), age(o.Time, value.Timestamp))
		}
		rows = append(rows, append(row, number(value)))
	}
	return t.table(w, rows)
}

func drawObject(w io.Writer, o overview.Overview, object overview.Object, seen seenValues) error {
	fmt.Fprintf(w, "Redis %s/%s", object.Namespace, object.Name)
	if object.Topology != "" {
		fmt.Fprintf(w, ", %s at %s, %s old", object.Topology, cmp.Or(object.Endpoint, "an unknown address"), age(o.Time, object.Created))
	}
	ready := object.Ready
	if object.Reason != "" {
		ready += " (" + object.Reason + ")"
	}
	fmt.Fprintf(w, "\nReady: %s\n\n", strings.TrimSpace(ready+" "+oneLine(object.Message)))
	table := printers.GetNewTabWriter(w)
	headings := []string{"METRIC", "UNIT", "WINDOW", "AGE"}
	if seen != nil {
		headings = append(headings, "SEEN")
	}
	fmt.Fprintln(table, strings.Join(append(headings, "VALUE"), "\t"))
	for _, metric := range object.Metrics {
		window := none
		switch {
		case metric.Quantity == nil:
			window = unknownCell
		case metric.WindowSeconds != nil && *metric.WindowSeconds > 0:
			window = fmt.Sprintf("%ds", *metric.WindowSeconds)
		}
		row := []string{metric.Name, cmp.Or(metric.Unit, none), window, age(o.Time, metric.Timestamp)}
		if seen != nil {
			row = append(row, sparkline(seen[seenKey(object, metric.Name)]))
		}
		fmt.Fprintln(table, strings.Join(append(row, number(metric.Value)), "\t"))
	}
	return table.Flush()
}

func drawHPAs(w io.Writer, o overview.Overview, t *top) error {
	if len(o.HPAs) == 0 {
		if len(o.Problems) > 0 {
			return nil
		}
		of := "a Redis object in " + t.scope()
		if t.redis != "" {
			of = "Redis " + t.redis
		}
		_, err := fmt.Fprintf(w, "No HPA uses a metric of %s.\n", of)
		return err
	}
	rows := [][]string{{"NAMESPACE", "HPA", "WORKLOAD", "CURRENT", "DESIRED", "READY", "MIN", "MAX", "REDIS", "METRIC", "TARGET", "VALUE"}}
	for _, hpa := range o.HPAs {
		for _, metric := range hpa.Metrics {
			name := metric.Name
			if metric.Selector != "" {
				name += "{" + metric.Selector + "}"
			}
			target := none
			if metric.Target != nil {
				target = kubeapi.Decimal(*metric.Target)
			}
			rows = append(rows, []string{
				hpa.Namespace, hpa.Name, hpa.Target.Kind + "/" + hpa.Target.Name, replicas(hpa.Current), replicas(hpa.Desired), replicas(hpa.Ready),
				fmt.Sprint(hpa.Min), fmt.Sprint(hpa.Max), metric.Redis, name, fmt.Sprintf("%s %s", target, metric.TargetType), number(metric.Value),
			})
		}
	}
	return t.table(w, rows)
}

// none fills a cell for what does not exist, and unknownCell one for what is unknown.
const (
	none        = "<none>"
	unknownCell = "unknown"
)

func replicas(count *int32) string {
	if count == nil {
		return unknownCell
	}
	return fmt.Sprint(*count)
}

func number(value overview.Value) string {
	if value.Quantity == nil {
		return unknownCell + ": " + oneLine(value.Error)
	}
	return kubeapi.Decimal(*value.Quantity)
}

func age(now, then time.Time) string {
	if then.IsZero() {
		return unknownCell
	}
	return duration.HumanDuration(now.Sub(then))
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// unread returns what could not be read, without duplicates.
func unread(o overview.Overview) []string {
	told := slices.Clone(o.Problems)
	for _, hpa := range o.HPAs {
		if hpa.Ready != nil {
			continue
		}
		if note := "ready replicas: " + hpa.ReadyError; !slices.Contains(told, note) {
			told = append(told, note)
		}
	}
	return told
}
