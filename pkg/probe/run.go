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
// nothing bounds can be left out; nil stands in their place then. After an
// attempt that failed the same are due again.
func (r *Run) Commands(onlyBounded bool) []Command {
	r.sent, r.held = slices.Clip(r.plan.commandsOf(onlyBounded)), onlyBounded
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
	data := datasetOf(info)
	same := data.sameAs(r.data)
	r.data = data
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
	for _, command := range []string{"flushall", "flushdb", "swapdb"} {
		calls, _ := info.Calls(command) // absent until the first call
		d.emptied += calls
	}
	return d
}

func (d dataset) sameAs(before dataset) bool {
	return d == before && d.runID != "" && d.role != ""
}
