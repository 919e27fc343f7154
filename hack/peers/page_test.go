package peers

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

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
	// ranked columns are those where less is better. The least value is bold, and marked are those that noise may put there.
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
		"period is %.0f s. All get the same Redis servers, the same load and the same faults. The least value of a row is **bold**, and ~ marks those that the noise of the run does not tell from it.\n\n",
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
			fmt.Fprintf(b, " %s |", s.cell(f, best(rows, each, f.Name)))
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

// best returns the least figure of a name among the rows of the same case and setting, nil if all are equal.
func best(rows []*row, of *row, name string) (least *measure.Figure) {
	differ := false
	for _, each := range rows {
		f := each.find(name)
		if each.Case != of.Case || each.Setting != of.Setting || f == nil {
			continue
		}
		differ = differ || least != nil && f.Value != least.Value
		if least == nil || f.Value < least.Value {
			least = f
		}
	}
	if !differ {
		return nil
	}
	return least
}

// cell returns a figure as the table shows it.
func (s section) cell(f, best *measure.Figure) string {
	text := fmt.Sprintf("%.1f", f.Value)
	if f.Value == math.Trunc(f.Value) || f.Value >= 100 {
		text = fmt.Sprintf("%.0f", f.Value)
	}
	if f.Bound == ">=" {
		text = "over " + text
	}
	switch {
	case best == nil || !slices.Contains(s.ranked, f.Name):
		return text
	case f.Value == best.Value:
		return "**" + text + "**"
	case f.Value*(1-f.Noise) <= best.Value*(1+best.Noise):
		return "~" + text
	}
	return text
}
