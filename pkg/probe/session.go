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

// Session carries out a Plan in a series of attempts at one server, and remembers what
// later attempts need. It is not safe for concurrent use.
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
	// clustered means that keys may move between this node and others, so a pass counts
	// only once a later INFO shows that none did.
	clustered bool
	// outdated is why the server's data may be older than its answer.
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

// Own returns the count of the commands that the server has executed in attempts that
// were read.
func (r *Session) Own() Calls { return r.own }

// Commands returns what to send in the next attempt, in this order. nil stands in the
// place of a command that held leaves out, and, in a cluster, of one whose key the node
// does not have. If here is nil, the node has all keys. After a failed attempt the same
// commands are due again.
func (r *Session) Commands(held *HeldBack, here func(key string) bool) []Command {
	r.sent, r.held, r.clustered = r.plan.commandsOf(held, here), held, here != nil
	for _, s := range r.scanners {
		s.begin(held.leavesOut(s.probe))
		r.sent = append(r.sent, s.commands(r.cautious)...)
	}
	return r.sent
}

// RunsScript reports whether the commands of the attempt under way include a script.
func (r *Session) RunsScript() bool {
	return slices.ContainsFunc(r.sent, func(c Command) bool { return c != nil && c.runsScript() })
}

// Lost records that the attempt failed after commands were sent. The server may have
// executed some of them, or may still do so.
func (r *Session) Lost() { r.own = r.own.with(r.sent, nil) }

// Read makes a Result for each probe from the replies to Commands, and from the INFO
// that preceded them. They were sent and answered at the given instants. The error of
// probes that read keys is outdated unless it is nil.
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

// More returns further commands of the attempt that was read, nothing once it has done
// its part. They scan for keys that match a pattern.
func (r *Session) More() []Command {
	r.sent = nil
	for _, s := range r.scanners {
		r.sent = append(r.sent, s.commands(r.cautious)...)
	}
	return r.sent
}

// ReadMore processes the replies to More, and returns the updated Results.
func (r *Session) ReadMore(replies []any, sent, answered time.Time) []Result {
	r.own = r.own.with(r.sent, replies)
	r.results = slices.Clone(r.results)
	r.readScans(replies, sent, answered)
	return r.results
}

// learn records what INFO says about the server and its data. It drops what scanners
// have learned about other data, and what they have read from outdated data.
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

// readScans passes the replies to each scanner. The replies of a scanner that was
// paused meanwhile belong to a pass over other data, and are ignored.
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
	// The last three move keys between the nodes of a cluster. A pass would count them
	// twice or not at all.
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
