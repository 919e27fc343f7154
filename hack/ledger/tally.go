package ledger

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// listed bounds how many violations of one kind of fault are told in words. All are counted.
const listed = 5

// Tally is counts of answers.
type Tally struct {
	// Checked counts values that were held against the truth, and Unknown those of which the truth is not known.
	Checked, Unknown int
	// Explained counts errors that a disturbance explains, and Violations all that is wrong.
	Explained, Violations int
	// Unsteady counts errors that nothing explains but that this machine stood still.
	Unsteady int
	// Wrong has a sentence for each of the first violations.
	Wrong []string
	// Faults counts by kind of fault.
	Faults map[string]Counts
	// Metrics counts by metric.
	Metrics map[string]Counts

	// told counts violations by fault.
	told map[string]int
}

// Counts are values and errors that were given while something lasted, or until all had to be known again, and how many
// of them are violations.
type Counts struct {
	Values, Errors, Violations int
}

func newTally() Tally {
	return Tally{Faults: map[string]Counts{}, Metrics: map[string]Counts{}, told: map[string]int{}}
}

// verdict is what the check of an answer found.
type verdict int

const (
	explained verdict = iota
	violated
	unknown  // nothing is known to hold it against
	unsteady // the machine stood still about it
)

func (t *Tally) count(a Answer, due []*Disturbance, found verdict) {
	switch {
	case found == unknown:
		t.Unknown++
		return
	case found == unsteady:
		t.Unsteady++
		return
	case a.Err == nil:
		t.Checked++
	case found == explained:
		t.Explained++
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
	add(t.Metrics, a.Metric)
	for _, d := range due {
		add(t.Faults, d.Fault)
	}
}

// violate counts a violation while some fault lasted, empty for none.
func (t *Tally) violate(fault, sentence string) {
	t.Violations++
	if t.told[fault]++; t.told[fault] <= listed {
		t.Wrong = append(t.Wrong, sentence)
	}
}

func (t *Tally) clone() Tally {
	c := *t
	c.Wrong, c.Faults, c.Metrics = slices.Clone(t.Wrong), maps.Clone(t.Faults), maps.Clone(t.Metrics)
	return c
}

// String says the counts in one line.
func (t Tally) String() string {
	return fmt.Sprintf("%d values checked, %d errors explained, %d violations, under %d kinds of fault; of %d values the truth is not known; %d errors because this machine stood still",
		t.Checked, t.Explained, t.Violations, len(t.Faults), t.Unknown, t.Unsteady)
}

// Table lists the counts of each kind of fault and of each metric.
func (t Tally) Table() string {
	var b strings.Builder
	for _, part := range []map[string]Counts{t.Faults, t.Metrics} {
		for _, name := range slices.Sorted(maps.Keys(part)) {
			fmt.Fprintf(&b, "  %-70s %6d values %6d errors %6d violations\n", name, part[name].Values, part[name].Errors, part[name].Violations)
		}
	}
	return b.String()
}
