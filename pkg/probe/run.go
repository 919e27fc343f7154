package probe

import (
	"slices"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

// Run is a Plan at work in one loop of attempts at one server, and what it
// remembers from one attempt to the next. It is not safe for concurrent use.
type Run struct {
	plan     *Plan
	maxAge   time.Duration
	scanners []*scanner // by probe, nil for one that each attempt measures whole
	data     dataset
	own      Calls
	// sent are the commands of the attempt under way, and held tells that some were left out.
	sent []Command
	held bool
}

// Start begins a Run, none of whose results rests on what is older than maxAge.
func (l *Plan) Start(maxAge time.Duration) *Run {
	r := &Run{plan: l, maxAge: maxAge, scanners: make([]*scanner, len(l.probes))}
	share := 0
	for _, p := range l.probes {
		if p.keys != nil {
			share++
		}
	}
	for n, p := range l.probes {
		if p.keys != nil {
			r.scanners[n] = newScanner(p, share)
		}
	}
	return r
}

// Own counts the commands that the server has executed in attempts that were read.
func (r *Run) Own() Calls { return r.own }

// Commands are what to send in the next attempt, in this order. Those that
// nothing bounds can be left out, and, in a cluster, those about keys that the
// node does not have; nil stands in their place then. A nil here tells that it has
// all of them. After an attempt that failed the same are due again.
func (r *Run) Commands(onlyBounded bool, here func(key string) bool) []Command {
	r.sent, r.held = slices.Clip(r.plan.commandsOf(onlyBounded, here)), onlyBounded
	for _, s := range r.scanners {
		if s != nil && !onlyBounded {
			r.sent = append(r.sent, s.commands()...)
		}
	}
	return r.sent
}

// Lose notes that Commands were sent and that the attempt failed: the server may
// have executed them, or some of them, or may yet.
func (r *Run) Lose() {
	if slices.ContainsFunc(r.sent, func(c Command) bool { return c != nil }) {
		r.own = r.plan.count(r.own, nil, nil)
		r.own.lost++
	}
}

// Read makes a Result for each probe of the replies to Commands and of the INFO
// that was answered before them. They were sent at one instant and answered by another.
func (r *Run) Read(replies []any, info *redisinfo.Info, sent, answered time.Time) []Result {
	r.own = r.plan.count(r.own, r.sent, replies)
	static := len(r.plan.commands)
	results := r.plan.read(r.sent[:static], replies[:static], info)
	same := r.sameData(info)
	rest := replies[static:]
	for n, s := range r.scanners {
		if s == nil {
			continue
		}
		usable := same || s.forget()
		if r.held {
			s.forget() // it would be too old by the time that it ends
			results[n] = Result{Err: errHeldBack}
			continue
		}
		asked := s.asked()
		if usable {
			s.read(rest[:asked], sent, answered)
		}
		rest = rest[asked:]
		results[n] = s.result(answered, r.maxAge)
	}
	return results
}

// sameData notes whose data an INFO tells of, and whether it is that of the one
// before. Only scanners need to know.
func (r *Run) sameData(info *redisinfo.Info) bool {
	if !slices.ContainsFunc(r.scanners, func(s *scanner) bool { return s != nil }) {
		return true
	}
	before := r.data
	r.data = datasetOf(info)
	return r.data.sameAs(before)
}

// dataset tells the data of one server from what took its place. A cursor of
// SCAN means nothing to another process.
type dataset struct {
	runID, role, replication string
	emptied                  int64
}

func datasetOf(info *redisinfo.Info) dataset {
	var d dataset
	for key, to := range map[string]*string{"run_id": &d.runID, "role": &d.role, "master_replid": &d.replication} {
		*to, _ = info.Text(key) // one that is absent is empty
	}
	// The last two move keys between the nodes of a cluster, where a pass would
	// count them at both or at none.
	for _, command := range []string{"flushall", "flushdb", "swapdb", "migrate", "restore-asking"} {
		if record, ok := info.Record("cmdstat_" + command); ok { // absent until the first call
			calls, _ := record.Int("calls")
			d.emptied += calls
		}
	}
	return d
}

func (d dataset) sameAs(before dataset) bool {
	return d == before && d.runID != "" && d.role != ""
}
