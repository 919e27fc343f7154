package history

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Policy says how samples are taken, and how long they are used.
type Policy struct {
	// Interval is the time from one sample to the next.
	Interval time.Duration
	// Window is the time over which rates are taken.
	Window time.Duration
	// MaxAge is the age beyond which a sample is not served.
	MaxAge time.Duration
}

// Store holds the histories of all targets. The zero Store is empty and ready for use.
type Store struct {
	histories sync.Map     // string -> *History
	large     atomic.Int64 // bytes that all keep beyond OrdinaryBytes each
}

// Open returns the history with an ID, and creates an empty one if there is none.
func (s *Store) Open(id string, policy Policy) *History {
	opened, _ := s.histories.LoadOrStore(id, &History{policy: policy, store: s})
	return opened.(*History)
}

// Close forgets the history with an ID.
func (s *Store) Close(id string) {
	if closed, ok := s.histories.LoadAndDelete(id); ok {
		closed.(*History).close()
	}
}

// Get returns the history with an ID, or an empty one if it was never opened or is
// closed.
func (s *Store) Get(id string) *History {
	if found, ok := s.histories.Load(id); ok {
		return found.(*History)
	}
	return &History{}
}

// History holds the recent samples of one target.
type History struct {
	policy  Policy
	store   *Store
	current atomic.Pointer[snapshot]

	mu        sync.Mutex // held by writers
	keptBytes int        // bytes that the samples take
	closed    bool       // what is recorded is nobody's
}

// close returns the memory of the samples to the budget.
func (h *History) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.store.large.Add(-large(h.keptBytes))
	h.keptBytes, h.closed = 0, true
}

// snapshot is immutable once published.
type snapshot struct {
	samples []Sample // of the same processes, oldest first
	restart bool     // whether samples of other processes came before these
	failure error    // of the newest attempt, nil if it succeeded
	failed  []Node   // of the newest attempt if it failed
}

// newest returns the newest sample, and false if there is none.
func (s *snapshot) newest() (Sample, bool) {
	if len(s.samples) == 0 {
		return Sample{}, false
	}
	return s.samples[len(s.samples)-1], true
}

// Record adds the newest sample and takes ownership of its nodes. It forgets samples
// with which no span can begin any more. If the sample does not fit into the budget,
// Record keeps nothing of it and returns ErrObjectFull or ErrStoreFull.
func (h *History) Record(sample Sample) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil
	}
	before := h.load()
	next := &snapshot{}
	for i, old := range before.samples {
		if sample.At.Sub(old.At) <= h.maxSpan() {
			next.samples = append(make([]Sample, 0, len(before.samples)-i+1), before.samples[i:]...)
			next.restart = before.restart
			break
		}
	}
	newest, ok := before.newest()
	if ok {
		sample.link(newest, h.policy.Interval/10)
		if !sample.joins(newest) {
			next.samples, next.restart = nil, true
		}
	}
	sample.size = sample.bytes(newest)
	next.samples = append(next.samples, sample)
	kept := 0
	for i := range next.samples {
		kept += next.samples[i].size
	}
	if err := h.store.reserve(h.keptBytes, kept); err != nil {
		return err
	}
	h.keptBytes = kept
	h.current.Store(next)
	return nil
}

// Fail records that the newest attempt failed, and which nodes it asked. Samples stay
// until they are too old.
func (h *History) Fail(err error, nodes ...Node) {
	h.mu.Lock()
	defer h.mu.Unlock()
	before := h.load()
	h.current.Store(&snapshot{samples: before.samples, restart: before.restart, failure: err, failed: nodes})
}

// Failure returns why the newest attempt failed, nil if it succeeded or there was none.
func (h *History) Failure() error { return h.load().failure }

// Newest returns the newest sample, however old it is. Use it to describe the server,
// not to serve its numbers.
func (h *History) Newest() (Sample, bool) { return h.load().newest() }

// Nodes returns the nodes that the newest attempt asked, to describe the target. The
// caller must not modify them.
func (h *History) Nodes() []Node {
	snap := h.load()
	if newest, ok := snap.newest(); ok && snap.failed == nil {
		return newest.Nodes
	}
	return snap.failed
}

// Latest returns the newest sample, or an *UnknownError.
func (h *History) Latest(now time.Time) (Sample, error) { return h.latest(h.load(), now) }

func (h *History) latest(snap *snapshot, now time.Time) (Sample, error) {
	last, ok := snap.newest()
	if !ok {
		return Sample{}, h.unknown(snap, NoSample, 0)
	}
	if age := max(now.Sub(last.At), wallClock(last.At, now)); age > h.policy.MaxAge {
		return Sample{}, h.unknown(snap, Stale, age)
	}
	return last, nil
}

func (h *History) load() *snapshot {
	if snap := h.current.Load(); snap != nil {
		return snap
	}
	return &snapshot{}
}

// Snapshot returns an unchanging copy of h, from which several values can be read
// consistently.
func (h *History) Snapshot() *History {
	copied := &History{policy: h.policy}
	copied.current.Store(h.load())
	return copied
}

// CheckAge returns an *UnknownError if a scan of the keys that ended at the given time
// is older than MaxAge. A scan may be older than the sample that holds its result.
func (h *History) CheckAge(ended, now time.Time) error {
	age := max(now.Sub(ended), wallClock(ended, now))
	if age <= h.policy.MaxAge {
		return nil
	}
	unknown := h.unknown(h.load(), Stale, age)
	unknown.message = fmt.Sprintf("the newest scan of the keys ended %s ago, more than maxAge %s: raise spec.sampling.maxAge or shorten spec.sampling.interval",
		age.Round(100*time.Millisecond), h.policy.MaxAge)
	return unknown
}
