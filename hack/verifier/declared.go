package verifier

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Metrics that objects declare of what a Load keeps in Redis, and names of what else it knows the truth of.
const (
	// Clock is the key of a string that says how many milliseconds old the load is. Each batch sets it, so that a value
	// says when it was read.
	Clock = "clock"
	// Backlog is the key of a list of ten jobs for each step.
	Backlog = "backlog"
	// Lag is what the group Workers of the stream Events has not read: an entry for each step.
	Lag = "lag"
	// Members is the key of a set with a member for each step, as are those of the other types that have members.
	Members = "members"
	// Ticks is the key of a number that each batch adds 1 to.
	Ticks = "ticks"
	// Ages is the key of a stream of one entry, which its group Workers has read and not acknowledged.
	Ages = "ages"
	// Log is the key of a stream that each batch adds an entry to.
	Log = "log"
	// EventStream is the key of a stream, and Workers the name of its group.
	EventStream = "events"
	Workers     = "workers"
)

type declared struct {
	name string
	spec map[string]any
	// of has the names of the keys and metrics from which it is computed.
	of   []string
	kind Kind
	// bounds is its truth. Without bounds, it is not requested.
	bounds      Bounds
	share, more float64
	refusal     string
	// heldBack means that nothing bounds how long it takes to read, so it is left out for a minute or longer after a
	// failed attempt.
	heldBack bool
	topology Topology
}

// declaredMetrics returns one metric of each kind, and of each measure that the driver
// knows.
func declaredMetrics(readers float64) []declared {
	key := func(name string) map[string]any { return map[string]any{"key": name} }
	stream := func(key, measure string) map[string]any {
		return map[string]any{"stream": map[string]any{"key": key, "group": Workers, "measure": measure}}
	}
	keys := func(pattern, measure, kind string) map[string]any {
		spec := map[string]any{"pattern": pattern, "measure": measure, "limit": 1000}
		if kind != "" {
			spec["type"] = kind
		}
		return map[string]any{"keys": spec}
	}
	expression := func(text string) map[string]any { return map[string]any{"expression": text} }
	over := func(function string) map[string]any {
		return map[string]any{"list": key(Backlog), "over": map[string]any{"function": function}}
	}
	info := func(field, kind string) map[string]any {
		return map[string]any{"info": map[string]any{"field": field, "type": kind}}
	}
	const divided = `metric("backlog") / (metric("members") / metric("idle"))`
	return []declared{
		{name: Clock, spec: map[string]any{"string": key(Clock)}, of: []string{Clock}, bounds: held(Clock)},
		{name: Backlog, spec: map[string]any{"list": key(Backlog)}, of: []string{Backlog}, bounds: held(Backlog)},
		{name: Lag, spec: stream(EventStream, "Lag"), of: []string{Lag}, bounds: held(Lag)},
		{name: Members, spec: map[string]any{"set": key(Members)}, of: []string{Members}, bounds: held(Steps)},
		{name: "fields", spec: map[string]any{"hash": key("fields")}, of: []string{"fields"}, bounds: held(Steps)},
		{name: "scores", spec: map[string]any{"sortedSet": key("scores")}, of: []string{"scores"}, bounds: held(Steps)},
		{name: "low-scores", spec: map[string]any{"sortedSet": map[string]any{"key": "scores", "minScore": "(0", "maxScore": "1"}},
			of: []string{"scores"}, bounds: atMost(1, held(Steps))},
		// The standard error of an estimate is 0.81 %, and small ones are off by one.
		{name: "visitors", spec: map[string]any{"hyperLogLog": key("visitors")}, of: []string{"visitors"}, bounds: plus(held(Steps), -2, 2), share: 0.04},
		{name: "ticks", spec: map[string]any{"counter": key(Ticks)}, of: []string{Ticks}, kind: Rate, bounds: rate(Increments), share: grantedShare},
		{name: "entries", spec: stream(EventStream, "Length"), of: []string{EventStream}, bounds: held(Length)},
		{name: "added", heldBack: true, spec: stream(Log, "EntriesAddedPerSecond"), of: []string{Log}, kind: Rate, bounds: rate(Entries), share: grantedShare},
		{name: "pending", spec: stream(Ages, "Pending"), of: []string{Ages}, bounds: exactly(1)},
		{name: "oldest-pending", spec: stream(Ages, "OldestPendingSeconds"), of: []string{Ages}, bounds: age(Born)},
		{name: "oldest-entry", heldBack: true, spec: stream(Ages, "OldestEntrySeconds"), of: []string{Ages}, bounds: whileFilled(age(Born))},
		{name: "hits", spec: info("keyspace_hits", "Rate"), kind: Rate, bounds: rate(Hits), share: grantedShare, more: grantedRequests + reading*(readers+1),
			topology: everywhere &^ Replica},
		{name: "max-clients", spec: info("maxclients", "Gauge"), bounds: exactly(MaxClients), topology: Standalone},
		{name: "step-keys", heldBack: true, spec: keys("step:*", "Count", ""), of: []string{AllKeys}, kind: Spanned, bounds: held(Steps)},
		{name: "jobs-in-all", heldBack: true, spec: keys("backlo?", "Length", "list"), of: []string{AllKeys, Backlog}, kind: Spanned, bounds: held(Backlog)},
		{name: "values", heldBack: true, spec: keys("base:?", "Value", "string"), of: []string{AllKeys, "base:0"}, kind: Spanned, bounds: held(Values)},
		{name: "listeners", spec: map[string]any{"pubSub": map[string]any{"channel": channel}}, bounds: held(Subscribed), topology: Standalone},
		{name: "scripted", heldBack: true, spec: map[string]any{"script": map[string]any{
			"source": `return redis.call("LLEN", KEYS[1])`, "keys": []any{Backlog},
		}}, of: []string{Backlog}, bounds: held(Backlog)},
		{name: "idle", spec: map[string]any{"list": key("no-such-list")}, of: []string{"no-such-list"}, bounds: exactly(0)},
		{name: "jobs-each", spec: expression(`metric("backlog") / metric("lag")`), of: []string{Backlog, Lag}, bounds: quotient(held(Backlog), held(Lag))},
		{name: "jobs-per-worker", spec: expression(`metric("backlog") / math.greatest(metric("idle"), 2.0)`), of: []string{Backlog, "no-such-list"},
			bounds: times(0.5, held(Backlog))},
		{name: "jobs-per-nobody", spec: expression(divided), of: []string{Backlog, Members, "no-such-list"}, kind: Refused, refusal: "jobs-per-nobody"},
		{name: "most-jobs", spec: over("Max"), of: []string{Backlog}, kind: Spanned, bounds: held(Backlog)},
		{name: "mean-jobs", spec: over("Average"), of: []string{Backlog}, kind: Spanned, bounds: held(Backlog)},
	}
}

// AllKeys represents what metrics of a pattern read, by passes over all keys.
const AllKeys = "*"

// whileFilled bounds a number that is 0 while a server holds nothing.
func whileFilled(of Bounds) Bounds {
	return func(w *Window) (least, largest float64) {
		least, largest = of(w)
		if bytes, _ := w.Level(Filled); bytes == 0 {
			least = 0
		}
		return least, largest
	}
}

func atMost(limit float64, of Bounds) Bounds {
	return func(w *Window) (least, largest float64) {
		least, largest = of(w)
		return min(limit, least), min(limit, largest)
	}
}

func declaredRows(readers float64) []Expectation {
	var rows []Expectation
	for _, d := range declaredMetrics(readers) {
		row := Expectation{Metric: d.name, Kind: d.kind, On: everywhere, Of: d.bounds, Share: d.share, More: d.more, Refusal: d.refusal}
		if d.heldBack {
			row = row.mayRefuse("held back")
		}
		if d.topology != 0 {
			row.On = d.topology
		}
		rows = append(rows, row)
	}
	return append(rows, Expectation{Metric: Backlog, Selector: "role=primary", On: primaries, Of: held(Backlog)}.mayRefuse("does not report its role"),
		Expectation{Metric: "no-such-metric", Kind: Refused, On: everywhere, Refusal: "is unknown"})
}

// Declarations returns spec.metrics of objects.
func Declarations() []any {
	var all []any
	for _, d := range declaredMetrics(1) {
		spec := maps.Clone(d.spec)
		spec["name"] = d.name
		all = append(all, spec)
	}
	return all
}

// MadeOf returns the declared metrics that are computed from a key or a metric.
func MadeOf(name string) []string {
	return declaredWhere(name, func(declared) bool { return true })
}

// LevelsOf is like MadeOf, but returns only metrics for which one sample is enough.
func LevelsOf(name string) []string {
	return declaredWhere(name, func(d declared) bool { return d.kind == Level })
}

func declaredWhere(name string, is func(declared) bool) []string {
	var found []string
	for _, d := range declaredMetrics(1) {
		made := func(part string) bool { return part == name || name == AnyKey && part != AllKeys }
		if is(d) && slices.ContainsFunc(d.of, made) {
			found = append(found, d.name)
		}
	}
	if found == nil {
		panic(fmt.Sprintf("no declared metric is made of %q", name))
	}
	return found
}

// AnyKey represents every single key.
const AnyKey = ""

// revisionMetric is a metric that an object declares as the number of its revision.
const revisionMetric = "revision"

// Revision returns the truth of an object that declares the number of its revision.
func Revision(number int) *Truth {
	t := &Truth{}
	t.Set(revisionMetric, time.Time{}, time.Time{}.Add(1), float64(number))
	return t
}

// Revisions is the question which revision of an object is served.
func Revisions() Expectation {
	return Expectation{Metric: revisionMetric, Of: held(revisionMetric)}
}

// RevisionDeclared returns spec.metrics of a revision: an expression with its number, so a value identifies its spec.
func RevisionDeclared(number int) []any {
	const zero = "idle"
	return []any{
		map[string]any{"name": zero, "list": map[string]any{"key": "no-such-list"}},
		map[string]any{"name": revisionMetric, "expression": fmt.Sprintf(`metric(%q) + %d.0`, zero, number)},
	}
}
