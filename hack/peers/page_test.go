package peers

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/hack/measure"
)

// The tables of a result.
const (
	reactionTable = "reaction"
	costTable     = "cost"
	writingTable  = "writing"
	truthTable    = "truth"
)

// section is a table of the page with what is to be known about it.
type section struct {
	table, title, text string
	// ranked columns are those where less is better. The least value is bold, and marked is what noise does not tell from the next
	// smaller one.
	ranked []string
}

func sections() []section {
	return []section{
		{reactionTable, "Reaction", fmt.Sprintf("Seconds after a step in the load of a Redis, each at a random phase. Requests step from %d to %d/s and back, and "+
			"jobs of a list from 0 to %d and back. The value shows the step when the metrics API states it to %.0f %%; it is looked at every %.1f s. HPAs scale in without a stabilization "+
			"window, and KEDA without a cooldownPeriod. KEDA has no metric of requests. Its metrics API reads Redis at each request, so that its value is never old; "+
			"its operator scales from 0 and to it, at each pollingInterval.", lowLoad, highLoad, jobsOfStep, 100*near, look.Seconds()), []string{"p50", "p90", "max"}},
		{costTable, "Cost", fmt.Sprintf("Of all processes of a peer that serves the length of a list of each Redis, with an HPA for each. The setting %q is the one "+
			"whose values are at most 5 s old, and with KEDA the one that scales from 0 within 5 s.", fresh), []string{"CPU", "Memory", "Processes", "Connections per Redis", "New connections per Redis and minute", "CPU of the API server"}},
		{writingTable, "What a user writes", "What one more HPA takes, without its StatefulSet, in YAML without braces. The lines of configuration per Redis are in Prometheus' file; " +
			"those written once are in Prometheus' and prometheus-adapter's.", []string{"Objects", "Their lines", "Lines of configuration per Redis", "Lines of configuration once"}},
		{truthTable, "Truth under faults", fmt.Sprintf("Each metric is requested every second, as the HPA controller does, while a list grows each second. A number of jobs is wrong if it was true at no instant "+
			"of the %.0f s before the request; a rate, if it is more than %.0f %% and %d requests/s outside the slowest and the fastest second of its window and of as much before. This "+
			"is the same for all peers. Of jobs, \"Oldest\" is how long before a request a value was last true, or could last be read from Redis. Replicas are lost if an HPA, or KEDA, removed "+
			"them while the load stayed. \"Known again after\" counts from the repair, for the slowest metric. A fault lasts %.0f s, unless it is over at once; a program is gone for %.0f s. "+
			"Faults of different Redis happen side by side. With Sentinel and Cluster, jobs alone are requested. "+
			"This adapter is meant to answer with an error where others still serve a value: see [Semantics](semantics.md). "+
			"What each fault is stands in [Faults](faults.md).",
			tolerance.Seconds(), 100*toleratedShare, toleratedRequests, holding.Seconds(), restarting.Seconds()), []string{"Wrong", "Replicas lost"}},
	}
}

// page returns the page of the documentation.
func (r *Result) page() string {
	var b strings.Builder
	b.WriteString("# Beside KEDA and prometheus-adapter\n\n")
	if !r.Whole {
		b.WriteString("**These figures are of a shortened run, which shows no more than that each part works. Draw no conclusion from them.**\n\n")
	}
	fmt.Fprintf(&b, "Measured by `make bench-peers` on %s, with %s on %s. Each peer runs alone, as processes on a local control plane with the stock HPA controller, whose sync "+
		"period is %.0f s. All get the same Redis servers, the same load and the same faults. The least value of a case and setting is **bold**, and ~ marks one that the noise of the run does not tell from the next smaller one: "+
		"noise is what other steps at random phases may show, what two spans of one row differ by, and the standard deviation of a count.\n\n",
		r.Date, r.Servers, r.Machine, syncPeriod.Seconds())
	fmt.Fprintf(&b, "Versions: %s.\n\n", strings.Join(r.Versions, ", "))
	b.WriteString("The setting \"recommended\" is what the peer's documentation recommends, or its default, and \"fastest\" the fastest that it allows:\n\n| Peer | Setting | Configuration |\n|---|---|---|\n")
	for _, peer := range slices.Sorted(maps.Keys(r.Settings)) {
		for _, s := range []setting{recommended, fastest, fresh} {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", peer, s, r.Settings[peer][string(s)])
		}
	}
	for _, s := range sections() {
		if rows := r.Tables[s.table]; len(rows) > 0 {
			fmt.Fprintf(&b, "\n## %s\n\n%s\n\n", s.title, s.text)
			s.write(&b, rows)
		}
	}
	return b.String()
}

func (s section) write(b *strings.Builder, rows []*row) {
	b.WriteString("| Case | Setting | Peer |")
	for _, f := range rows[0].Figures {
		fmt.Fprintf(b, " %s |", strings.Join(strings.Fields(f.Name+" "+inParentheses(f.Unit)), " "))
	}
	b.WriteString("\n|" + strings.Repeat("---|", 3+len(rows[0].Figures)) + "\n")
	var cases []string
	for _, each := range rows {
		if !slices.Contains(cases, each.Case) {
			cases = append(cases, each.Case)
		}
	}
	// The rows of a case stand together, and in it those of a setting.
	ordered := slices.Clone(rows)
	order := []setting{recommended, fastest, fresh}
	slices.SortStableFunc(ordered, func(x, y *row) int {
		if by := slices.Index(cases, x.Case) - slices.Index(cases, y.Case); by != 0 {
			return by
		}
		return slices.Index(order, setting(x.Setting)) - slices.Index(order, setting(y.Setting))
	})
	for _, each := range ordered {
		fmt.Fprintf(b, "| %s | %s | %s |", each.Case, each.Setting, each.Peer)
		for _, f := range each.Figures {
			as := unmarked
			if slices.Contains(s.ranked, f.Name) {
				as = marked(rows, each, f)
			}
			fmt.Fprintf(b, " %s |", cell(f, as))
		}
		b.WriteString("\n")
	}
}

func inParentheses(unit string) string {
	if unit == "" {
		return ""
	}
	return "(" + unit + ")"
}

// mark says where a figure stands among those of the same case and setting, of which less is better.
type mark int

const (
	unmarked mark = iota
	least
	tied // the noise of the run does not tell it from the next smaller figure
)

// marked returns the mark of a figure of a row. If all are equal none is marked.
func marked(rows []*row, of *row, f *measure.Figure) mark {
	var below *measure.Figure // the largest of the smaller ones
	differ := false
	for _, each := range rows {
		other := each.find(f.Name)
		if each.Case != of.Case || each.Setting != of.Setting || other == nil {
			continue
		}
		differ = differ || other.Value != f.Value
		if other.Value < f.Value && (below == nil || other.Value > below.Value) {
			below = other
		}
	}
	switch {
	case !differ:
		return unmarked
	case below == nil:
		return least
	case f.Value*(1-f.Noise) <= below.Value*(1+below.Noise):
		return tied
	}
	return unmarked
}

// cell returns a figure as the table shows it.
func cell(f *measure.Figure, as mark) string {
	text := fmt.Sprintf("%.1f", f.Value)
	if f.Value == math.Trunc(f.Value) || f.Value >= 100 {
		text = fmt.Sprintf("%.0f", f.Value)
	}
	if f.Bound == ">=" {
		text = "over " + text
	}
	switch as {
	case least:
		return "**" + text + "**"
	case tied:
		return "~" + text
	}
	return text
}

func TestMarks(t *testing.T) {
	var rows []*row
	add := func(what string, value, noise float64) *measure.Figure {
		r := &row{Case: what, Setting: string(fresh)}
		rows = append(rows, r)
		f := r.Add("Memory", value, "MiB")
		f.Noise = noise
		return f
	}
	for _, figures := range []struct {
		what string
		want []string
		of   [][2]float64
	}{
		{"apart", []string{"14", "**10**", "12"}, [][2]float64{{14, 0.05}, {10, 0.05}, {12, 0.05}}},
		{"the last two within noise", []string{"~13", "**10**", "12"}, [][2]float64{{13, 0.05}, {10, 0.05}, {12, 0.05}}},
		{"the first two within noise", []string{"14", "**10**", "~10.5"}, [][2]float64{{14, 0.05}, {10, 0.05}, {10.5, 0}}},
		{"two least", []string{"**10**", "**10**", "20"}, [][2]float64{{10, 0}, {10, 0}, {20, 0}}},
		{"all equal", []string{"1", "1"}, [][2]float64{{1, 0}, {1, 0}}},
	} {
		var added []*measure.Figure
		for _, each := range figures.of {
			added = append(added, add(figures.what, each[0], each[1]))
		}
		for i, f := range added {
			of := rows[len(rows)-len(added)+i]
			if got := cell(f, marked(rows, of, f)); got != figures.want[i] {
				t.Errorf("%s: %s, want %s", figures.what, got, figures.want[i])
			}
		}
	}
}

func TestNoise(t *testing.T) {
	var r row
	var seconds []float64
	for i := range 20 {
		seconds = append(seconds, float64(10+i))
	}
	r.percentile("p50", seconds, 50)
	r.percentile("max", seconds, 100)
	r.count("Wrong", 25)
	r.count("Lost", 0)
	for name, want := range map[string]float64{"p50": 6.0 / 20, "max": 2.0 / 29, "Wrong": 1.0 / 5, "Lost": 0} {
		if got := r.find(name).Noise; got != want {
			t.Errorf("the noise of %s is %v, want %v", name, got, want)
		}
	}
}
