package series

import (
	"sync"
	"sync/atomic"
	"time"
)

// Policy says what samples are good for.
type Policy struct {
	// Interval is the time from one sample to the next.
	Interval time.Duration
	// Window is the time over which rates are taken.
	Window time.Duration
	// MaxAge is the age past which a sample is not served.
	MaxAge time.Duration
}

// Store holds the Series of all targets. The zero Store is empty and ready for use.
type Store struct {
	series sync.Map     // string -> *Series
	large  atomic.Int64 // bytes that all keep beyond OrdinaryBytes each
}

// Open returns the series with that ID, empty if it did not exist before.
func (s *Store) Open(id string, policy Policy) *Series {
	opened, _ := s.series.LoadOrStore(id, &Series{policy: policy, store: s})
	return opened.(*Series)
}

// Close forgets the series with that ID.
func (s *Store) Close(id string) {
	if closed, ok := s.series.LoadAndDelete(id); ok {
		closed.(*Series).close()
	}
}

// Get returns the series with that ID. One that was never opened, or is closed,
// is an empty series: nothing is known of it.
func (s *Store) Get(id string) *Series {
	if found, ok := s.series.Load(id); ok {
		return found.(*Series)
	}
	return &Series{}
}

// Series is the recent history of one target.
type Series struct {
	policy  Policy
	store   *Store
	current atomic.Pointer[history]

	mu     sync.Mutex // held by writers
	kept   int        // bytes that the samples take
	closed bool       // what is recorded is nobody's
}

// close gives back what the samples take.
func (s *Series) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.store.large.Add(-large(s.kept))
	s.kept, s.closed = 0, true
}

// history is immutable once published.
type history struct {
	samples []Sample // of the same processes, oldest first
	restart bool     // whether samples of other processes came before these
	failure error    // of the newest attempt, nil if it succeeded
	failed  []Node   // of the newest attempt if it failed
	// likeness is shared by attempts one after the other that tell the same of the nodes.
	likeness *Likeness
}

// Record adds the newest sample, whose nodes are the series' own from then on.
// Samples that no span may begin with any more are forgotten. It fails with
// ErrObjectFull or ErrStoreFull, and records nothing, if that is too much to keep.
func (s *Series) Record(sample Sample) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	before := s.load()
	next := &history{likeness: before.likeness}
	for n, old := range before.samples {
		if sample.At.Sub(old.At) <= s.reach() {
			next.samples = append(make([]Sample, 0, len(before.samples)-n+1), before.samples[n:]...)
			next.restart = before.restart
			break
		}
	}
	if n := len(before.samples); n > 0 {
		sample.follow(before.samples[n-1], s.policy.Interval/10)
		if !sample.joins(before.samples[n-1]) {
			next.samples, next.restart = nil, true
		}
		if !sample.alike(before.samples[n-1]) {
			next.likeness = nil
		}
	}
	if next.likeness == nil {
		next.likeness = new(Likeness)
	}
	sample.size = sample.bytes(newestOf(before))
	next.samples = append(next.samples, sample)
	kept := 0
	for i := range next.samples {
		kept += next.samples[i].size
	}
	if err := s.store.reserve(s.kept, kept); err != nil {
		return err
	}
	s.kept = kept
	s.current.Store(next)
	return nil
}

// newestOf returns the newest sample, the zero Sample if there is none.
func newestOf(h *history) Sample {
	if n := len(h.samples); n > 0 {
		return h.samples[n-1]
	}
	return Sample{}
}

// Fail notes that the newest attempt to sample failed, and which nodes it asked.
// What is known stays until it is too old.
func (s *Series) Fail(err error, nodes ...Node) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.load()
	s.current.Store(&history{samples: before.samples, restart: before.restart, failure: err, failed: nodes})
}

// Failure returns why the newest attempt to sample failed, nil if it succeeded or none was made.
func (s *Series) Failure() error {
	return s.load().failure
}

// Newest returns the newest sample whatever its age, for those who describe
// the server rather than serve its numbers.
func (s *Series) Newest() (Sample, bool) {
	h := s.load()
	if len(h.samples) == 0 {
		return Sample{}, false
	}
	return h.samples[len(h.samples)-1], true
}

// Nodes returns the nodes that the newest attempt asked, for those who describe
// the target. The caller must not modify them.
func (s *Series) Nodes() []Node {
	h := s.load()
	if n := len(h.samples); h.failed == nil && n > 0 {
		return h.samples[n-1].Nodes
	}
	return h.failed
}

// Likeness stands for what attempts tell of the nodes, beside their numbers.
type Likeness struct {
	_ byte // two of no size would have one address
}

// Likeness returns the same pointer after each attempt as long as all attempts tell
// the same of the nodes: which there are, in what places, shards and roles, of what
// versions, and that each answered with its newest credentials. It is nil if the
// newest attempt failed, or none was made. Who described the nodes while it was the
// same need not look at them again.
func (s *Series) Likeness() *Likeness {
	return s.load().likeness
}

// Latest returns the newest sample, or an *UnknownError.
func (s *Series) Latest(now time.Time) (Sample, error) {
	return s.latest(s.load(), now)
}

func (s *Series) latest(h *history, now time.Time) (Sample, error) {
	if len(h.samples) == 0 {
		return Sample{}, s.unknown(h, NoSample, 0)
	}
	last := h.samples[len(h.samples)-1]
	if age := max(now.Sub(last.At), wallClock(last.At, now)); age > s.policy.MaxAge {
		return Sample{}, s.unknown(h, Stale, age)
	}
	return last, nil
}

// Span returns the two samples that a rate is taken between, or an *UnknownError.
func (s *Series) Span(now time.Time) (Span, error) {
	h := s.load()
	last, err := s.latest(h, now)
	if err != nil {
		return Span{}, err
	}
	return s.span(h, h.samples, last, OneSample)
}

// span joins the first of some samples that it can to the last, and is unknown
// for a reason if there is none.
func (s *Series) span(h *history, samples []Sample, last Sample, reason Reason) (Span, error) {
	for _, first := range samples {
		span := Span{First: first, Last: last}
		switch apart := span.Duration(); {
		case apart <= 0 || apart > s.reach():
		case span.blurred():
			reason = Blurred
		default:
			return span, nil
		}
	}
	return Span{}, s.unknown(h, reason, 0)
}

// reach is the longest span. Half an interval past the window lets a sample
// that came a little late end the span that the window means.
func (s *Series) reach() time.Duration {
	return s.policy.Window + s.policy.Interval/2
}

func (s *Series) load() *history {
	if h := s.current.Load(); h != nil {
		return h
	}
	return &history{}
}
