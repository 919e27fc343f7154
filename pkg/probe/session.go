package probe

import (
	"slices"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

// Sampling is how a server is sampled.
type Sampling struct {
	// Database is the number of the logical database whose keys are read.
	Database int
	// Interval is the time from one attempt to the next.
	Interval time.Duration
	// MaxAge is the age past which nothing that was read is served.
	MaxAge time.Duration
}

// Session is a Plan at work in one loop of attempts at one server, and what it
// remembers from one attempt to the next. It is not safe for concurrent use.
type Session struct {
	plan     *Plan
	policy   Sampling
	scanners []*scanner // of the probes that each attempt does not measure whole
	data     dataset
	// cautious is set until an INFO shows that the server is not KeyDB.
	cautious bool
	own      Calls
	// sent are the commands of the attempt under way, and held is why some were left out.
	sent []Command
	held *HeldBack
	// clustered reports that keys may move between this node and others, so that a
	// pass counts only once a later INFO shows that none did.
	clustered bool
	// outdated is why the data that the server has may be older than its answer.
	outdated error
	size     int64 // of the database in keys, 0 if it is not known
	results  []Result
}

// Start begins a Session.
func (l *Plan) Start(policy Sampling) *Session {
	r := &Session{plan: l, policy: policy, cautious: true}
	for n, p := range l.probes {
		if p.keys != nil {
			r.scanners = append(r.scanners, newScanner(p, n))
		}
	}
	for _, s := range r.scanners {
		s.share = len(r.scanners)
	}
	return r
}

// Own counts the commands that the server has executed in attempts that were read.
func (r *Session) Own() Calls { return r.own }

// Commands are what to send in the next attempt, in this order. If they are held
// back, those that nothing bounds are left out, and, in a cluster, those about keys
// that the node does not have; nil stands in their place then. A nil here means that
// it has all of them. After an attempt that failed the same are due again.
func (r *Session) Commands(held *HeldBack, here func(key string) bool) []Command {
	r.sent, r.held, r.clustered = r.plan.commandsOf(held, here), held, here != nil
	for _, s := range r.scanners {
		s.begin(held.leavesOut(s.probe))
		r.sent = append(r.sent, s.commands(r.cautious)...)
	}
	return r.sent
}

// RunsScript reports whether a script is among the commands of the attempt under way.
func (r *Session) RunsScript() bool {
	return slices.ContainsFunc(r.sent, func(c Command) bool { return c != nil && c.runsScript() })
}

// Lost notes that commands were sent and that the attempt failed: the server may
// have executed them, or some of them, or may yet.
func (r *Session) Lost() { r.own = r.own.with(r.sent, nil) }

// Read makes a Result for each probe of the replies to Commands and of the INFO
// that was answered before them. They were sent at one instant and answered by another.
// What is read of keys gives outdated unless it is nil.
func (r *Session) Read(replies []any, info *redisinfo.Info, outdated error, sent, answered time.Time) []Result {
	r.own = r.own.with(r.sent, replies)
	static := len(r.plan.commands)
	r.outdated = outdated
	r.results = r.plan.read(r.sent[:static], replies[:static], info, r.held, outdated)
	if len(r.scanners) > 0 {
		r.learn(info)
		r.readScans(replies[static:], sent, answered)
	}
	return r.results
}

// More are further commands of the attempt that was read, none when it has done its
// part. They are those of the keys that match a pattern.
func (r *Session) More() []Command {
	r.sent = nil
	for _, s := range r.scanners {
		r.sent = append(r.sent, s.commands(r.cautious)...)
	}
	return r.sent
}

// ReadMore takes in the replies to More, and returns the Results as they are then.
func (r *Session) ReadMore(replies []any, sent, answered time.Time) []Result {
	r.own = r.own.with(r.sent, replies)
	r.results = slices.Clone(r.results)
	r.readScans(replies, sent, answered)
	return r.results
}

// learn notes what an INFO says of the server and its data. What scanners have
// learnt of other data is dropped, and so is what they read of data that is out of date.
func (r *Session) learn(info *redisinfo.Info) {
	before := r.data
	r.data = datasetOf(info)
	kind, _ := redisinfo.Server(info)
	r.cautious = kind == redisinfo.KeyDB || kind == ""
	keyspace, _ := info.Keyspace(r.policy.Database)
	r.size = keyspace.Keys
	for _, s := range r.scanners {
		switch {
		case r.held.leavesOut(s.probe):
			s.drop(errHeldBefore) // the pass would be too old by the time that it ends
		case r.outdated != nil:
			s.drop(ErrNoScan)
		case !r.data.sameAs(before):
			s.forget()
		default:
			s.confirm()
		}
	}
}

// readScans has each scanner take in the replies to its commands. Those of one that
// was paused since go on with a pass of other data, and mean nothing.
func (r *Session) readScans(replies []any, sent, answered time.Time) {
	for _, s := range r.scanners {
		mine := s.sent()
		if !s.paused && mine > 0 {
			s.read(replies[:mine], sent, answered, !r.clustered)
		}
		replies = replies[mine:]
		switch {
		case r.held.leavesOut(s.probe):
			r.results[s.place] = Result{Err: r.held}
		case r.outdated != nil:
			r.results[s.place] = Result{Err: r.outdated}
		default:
			r.results[s.place] = s.result(answered, r.policy, r.size)
		}
	}
}

// dataset identifies the data of one server. A cursor of SCAN means nothing to
// another process.
type dataset struct {
	runID, role, replication string
	emptied                  int64
}

func datasetOf(info *redisinfo.Info) dataset {
	var d dataset
	for key, to := range map[string]*string{"run_id": &d.runID, "role": &d.role, "master_replid": &d.replication} {
		*to, _ = info.Text(key) // one that is absent is empty
	}
	// The last three move keys between the nodes of a cluster, where a pass would
	// count them at both or at none.
	for _, command := range []string{"flushall", "flushdb", "swapdb", "migrate", "restore-asking", "cluster|syncslots"} {
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
