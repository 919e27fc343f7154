package simulation

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/guptarohit/asciigraph"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/hpa"
)

const (
	plotWidth  = 72
	plotHeight = 8
	mostLines  = 15
)

// Write prints results side by side: the syncs at which one of them changes, a plot
// of each, and their summaries.
func Write(w io.Writer, results []Result) error {
	var text strings.Builder
	writeSettings(&text, results)
	writeSyncs(&text, results)
	writePlots(&text, results)
	writeSummaries(&text, results)
	_, err := io.WriteString(w, text.String())
	return err
}

// letter names a setting in headings.
func letter(index int) string { return string(rune('A' + index)) }

func writeSettings(w io.Writer, results []Result) {
	for i, result := range results {
		fmt.Fprintf(w, "%s: %s\n", letter(i), result.Name)
	}
	fmt.Fprintln(w)
}

func newTable(w io.Writer) *tabwriter.Writer { return tabwriter.NewWriter(w, 0, 0, 3, ' ', 0) }

func writeSyncs(w io.Writer, results []Result) {
	table := newTable(w)
	fmt.Fprint(table, "TIME")
	for _, metric := range results[0].Metrics {
		fmt.Fprintf(table, "\t%s", strings.ToUpper(metric.Name))
	}
	for i := range results {
		fmt.Fprintf(table, "\t%s", letter(i))
	}
	fmt.Fprintln(table)
	for i, sync := range results[0].Syncs {
		if !anyChanged(results, i) {
			continue
		}
		fmt.Fprint(table, short(sync.Offset))
		for _, value := range sync.Observation.Values {
			fmt.Fprintf(table, "\t%s", formatValue(value))
		}
		for _, result := range results {
			fmt.Fprintf(table, "\t%s", cell(result.Syncs[i]))
		}
		fmt.Fprintln(table)
	}
	_ = table.Flush() // a strings.Builder takes everything
}

// anyChanged reports whether a sync differs from the one before in a result.
func anyChanged(results []Result, index int) bool {
	if index == 0 || index == len(results[0].Syncs)-1 {
		return true
	}
	for _, result := range results {
		sync := result.Syncs[index]
		if sync.Decision.Desired != sync.Observation.Replicas || why(sync) != why(result.Syncs[index-1]) {
			return true
		}
	}
	return false
}

func cell(sync Sync) string {
	text := strconv.Itoa(int(sync.Decision.Desired))
	if sync.Observation.Replicas != sync.Decision.Desired {
		text = strconv.Itoa(int(sync.Observation.Replicas)) + " -> " + text
	}
	return strings.TrimSpace(text + " " + why(sync))
}

// why returns the reason that keeps the replicas from what the metrics ask for.
func why(sync Sync) string {
	decision := sync.Decision
	if active, found := decision.Conditions.Get(autoscalingv2.ScalingActive); found && !active.Status {
		if active.Reason == "FailedGetObjectMetric" {
			return unknown
		}
		return active.Reason
	}
	if !decision.Recommended {
		return ""
	}
	if limited, _ := decision.Conditions.Get(autoscalingv2.ScalingLimited); limited.Status {
		return limited.Reason
	}
	if decision.Stabilized != decision.Recommendation {
		return "Stabilized"
	}
	return ""
}

func formatValue(value hpa.Value) string {
	if value.Unknown {
		return unknown
	}
	return resource.NewMilliQuantity(value.Milli, resource.DecimalSI).String()
}

// short leaves out the units of a duration that are 0 at its end.
func short(d time.Duration) string {
	text := d.Round(time.Second).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

func writePlots(w io.Writer, results []Result) {
	syncs := results[0].Syncs
	if len(syncs) < 2 {
		return
	}
	last := syncs[len(syncs)-1].Offset
	for i, metric := range results[0].Metrics {
		values := make([]float64, len(syncs))
		for at, sync := range syncs {
			values[at] = math.NaN() // drawn as a gap
			if value := sync.Observation.Values[i]; !value.Unknown {
				values[at] = float64(value.Milli) / 1000
			}
		}
		plot(w, metric.Name, values, last)
	}
	var highest int32
	for _, result := range results {
		highest = max(highest, result.Summary.MaxReplicas)
	}
	for i, result := range results {
		replicas := make([]float64, len(syncs))
		for at, sync := range result.Syncs {
			replicas[at] = float64(sync.Decision.Desired)
		}
		height := plotHeight
		if highest <= mostLines { // a line for each replica
			height = max(1, int(highest))
		}
		plot(w, "replicas of "+letter(i), replicas, last, asciigraph.UpperBound(float64(highest)), asciigraph.Height(height))
	}
	fmt.Fprintln(w)
}

func plot(w io.Writer, caption string, values []float64, last time.Duration, options ...asciigraph.Option) {
	if allNaN(values) {
		return
	}
	options = append([]asciigraph.Option{asciigraph.Height(plotHeight)}, options...)
	options = append(options, asciigraph.Width(plotWidth), asciigraph.LowerBound(0), asciigraph.Caption(caption),
		asciigraph.YAxisValueFormatter(func(value float64) string { return fmt.Sprintf("%.4g", value) }),
		asciigraph.XAxisRange(0, last.Seconds()), asciigraph.XAxisTickCount(5),
		asciigraph.XAxisValueFormatter(func(seconds float64) string { return short(time.Duration(seconds * float64(time.Second))) }))
	drawn := asciigraph.Plot(values, options...)
	fmt.Fprintln(w)
	for line := range strings.Lines(drawn) {
		fmt.Fprintln(w, strings.TrimRight(line, " \n"))
	}
}

func allNaN(values []float64) bool {
	return !slices.ContainsFunc(values, func(value float64) bool { return !math.IsNaN(value) })
}

func writeSummaries(w io.Writer, results []Result) {
	table := newTable(w)
	fmt.Fprintln(table, "SETTING\tREPLICA-HOURS\tMIN\tMAX\tCHANGES\tREVERSALS\tABOVE TARGET\tUNKNOWN")
	for i, result := range results {
		s := result.Summary
		fmt.Fprintf(table, "%s\t%.2f\t%d\t%d\t%d\t%d\t%s\t%s\n", letter(i), s.ReplicaHours, s.MinReplicas, s.MaxReplicas,
			s.Changes, s.Reversals, short(s.AboveTarget), short(s.Unknown))
	}
	_ = table.Flush()
}

// The form of results in JSON.
type (
	jsonResult struct {
		Name    string      `json:"name"`
		Summary jsonSummary `json:"summary"`
		Syncs   []jsonSync  `json:"syncs"`
	}
	jsonSummary struct {
		ReplicaHours       float64 `json:"replicaHours"`
		MinReplicas        int32   `json:"minReplicas"`
		MaxReplicas        int32   `json:"maxReplicas"`
		Changes            int     `json:"changes"`
		Reversals          int     `json:"reversals"`
		AboveTargetSeconds float64 `json:"aboveTargetSeconds"`
		UnknownSeconds     float64 `json:"unknownSeconds"`
	}
	jsonSync struct {
		Seconds         float64        `json:"seconds"`
		CurrentReplicas int32          `json:"currentReplicas"`
		ReadyPods       int32          `json:"readyPods"`
		DesiredReplicas int32          `json:"desiredReplicas"`
		Metrics         []jsonMetric   `json:"metrics"`
		Recommendation  *int32         `json:"recommendation,omitempty"`
		Stabilized      *int32         `json:"stabilized,omitempty"`
		Conditions      hpa.Conditions `json:"conditions"`
	}
	jsonMetric struct {
		Name     string `json:"name"`
		Value    string `json:"value"` // a quantity, or "unknown"
		Replicas *int32 `json:"replicas,omitempty"`
	}
)

// WriteJSON prints results with every sync.
func WriteJSON(w io.Writer, results []Result) error {
	var settings struct {
		Settings []jsonResult `json:"settings"`
	}
	for _, result := range results {
		s := result.Summary
		converted := jsonResult{Name: result.Name, Summary: jsonSummary{
			s.ReplicaHours, s.MinReplicas, s.MaxReplicas, s.Changes, s.Reversals, s.AboveTarget.Seconds(), s.Unknown.Seconds(),
		}}
		for _, sync := range result.Syncs {
			converted.Syncs = append(converted.Syncs, convert(result.Metrics, sync))
		}
		settings.Settings = append(settings.Settings, converted)
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(settings)
}

func convert(metrics []hpa.Metric, sync Sync) jsonSync {
	observed, decision := sync.Observation, sync.Decision
	converted := jsonSync{
		Seconds: sync.Offset.Seconds(), CurrentReplicas: observed.Replicas, ReadyPods: observed.ReadyPods,
		DesiredReplicas: decision.Desired, Conditions: decision.Conditions,
	}
	if decision.Recommended {
		converted.Recommendation, converted.Stabilized = &decision.Recommendation, &decision.Stabilized
	}
	for i, metric := range metrics {
		value := jsonMetric{Name: metric.Name, Value: formatValue(observed.Values[i])}
		if i < len(decision.Proposals) && !decision.Proposals[i].Unknown {
			value.Replicas = &decision.Proposals[i].Replicas
		}
		converted.Metrics = append(converted.Metrics, value)
	}
	return converted
}
