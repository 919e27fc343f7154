package verifier

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// listed bounds how many violations of one question under one kind of fault are described, and listedInAll how many in
// all. Each is counted.
const listed, listedInAll = 2, 300

// Report counts answers.
type Report struct {
	// Checked counts values that were compared with the truth, and Unknown those whose truth is unknown.
	Checked, Unknown int
	// Explained counts errors that a fault window explains, and Violations all that is wrong.
	Explained, Violations int
	// Pairs counts pairs of values of two replicas of the adapter that were compared.
	Pairs int
	// Unsteady counts errors that only a standstill of this machine explains.
	Unsteady int
	// Wrong has a sentence for each of the first violations.
	Wrong []string
	// Faults counts by kind of fault.
	Faults map[string]Counts
	// Metrics counts by metric and selector.
	Metrics map[string]Counts

	told map[string]int
}

// Counts counts values and errors during something, and until all had to be known again, how many of them are
// violations, and how many would be if this machine had not stood still.
type Counts struct {
	Values, Errors, Violations, Excused int
}

func newTally() Report {
	return Report{Faults: map[string]Counts{}, Metrics: map[string]Counts{}, told: map[string]int{}}
}

type verdict int

const (
	explained verdict = iota
	violated
	unknown  // nothing is known to compare it with
	unsteady // the machine stood still about it
)

func (r *Report) count(a Answer, due []*FaultWindow, found verdict) {
	switch {
	case found == unknown:
		r.Unknown++
		return
	case found == unsteady:
		r.Unsteady++
		return
	case a.Err == nil:
		r.Checked++
	case found == explained:
		r.Explained++
	}
	add := func(to map[string]Counts, name string) {
		c := to[name]
		if a.Err != nil {
			c.Errors++
		} else {
			c.Values++
		}
		if found == violated {
			c.Violations++
		}
		to[name] = c
	}
	add(r.Metrics, question(a.Metric, a.Selector))
	for _, d := range due {
		add(r.Faults, d.Fault)
	}
}

func (r *Report) excuse(due []*FaultWindow) {
	for _, d := range due {
		c := r.Faults[d.Fault]
		c.Excused++
		r.Faults[d.Fault] = c
	}
}

func (r *Report) violate(fault, question, sentence string) {
	r.Violations++
	about := fault + ": " + question
	if r.told[about]++; r.told[about] <= listed && len(r.Wrong) < listedInAll {
		r.Wrong = append(r.Wrong, sentence)
	}
}

func (r *Report) clone() Report {
	c := *r
	c.Wrong, c.Faults, c.Metrics = slices.Clone(r.Wrong), maps.Clone(r.Faults), maps.Clone(r.Metrics)
	return c
}

// WarmUp is the name of the fault window at the start, when nothing is known yet.
const WarmUp = "warm-up"

// Kinds returns the number of kinds of fault.
func (r Report) Kinds() int {
	kinds := len(r.Faults)
	if _, warm := r.Faults[WarmUp]; warm {
		kinds--
	}
	return kinds
}

// String returns the counts in one line.
func (r Report) String() string {
	return fmt.Sprintf("%d values checked, %d errors explained, %d violations, under %d kinds of fault; of %d values the truth is not known; %d errors because this machine stood still",
		r.Checked, r.Explained, r.Violations, r.Kinds(), r.Unknown, r.Unsteady)
}

// Table returns the counts of each kind of fault and of each metric.
func (r Report) Table() string {
	var b strings.Builder
	for _, part := range []map[string]Counts{r.Faults, r.Metrics} {
		for _, name := range slices.Sorted(maps.Keys(part)) {
			fmt.Fprintf(&b, "  %-70s %6d values %6d errors %6d violations\n", name, part[name].Values, part[name].Errors, part[name].Violations)
		}
	}
	return b.String()
}
