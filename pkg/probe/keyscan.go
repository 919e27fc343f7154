package probe

import (
	"errors"
	"fmt"
	"hash/maphash"
	"time"
)

// In one round trip, the server scans about scanCount keys, which takes a slow server
// about 5 ms, and executes about measureCount commands of constant time. One attempt
// takes as many round trips as it needs to scan scanMost keys and to send measureMost
// commands. All probes of keys share these bounds.
const scanCount, measureCount, scanMost, measureMost = 5000, 1000, 25_000, 5000

// cautiousCount is the COUNT for a server that may be KeyDB. With 100 or more, KeyDB
// does not read what follows SCAN in a pipeline until more bytes arrive.
// Source: scanGenericCommand and processInputBuffer in KeyDB's db.cpp and networking.cpp.
const cautiousCount = 99

// ErrNoScan is the error of a probe of keys until a pass is complete.
var ErrNoScan = errors.New("no scan of the keys is complete yet: it may take several samples, and starts again when the server restarts, is flushed, changes its role or moves slots")

// errHeldBefore is ErrNoScan after commands have been held back.
var errHeldBefore = fmt.Errorf("it was held back before: %w", ErrNoScan)

// fingerprint identifies a key. Two seeds make 128 bits, so no two keys share one.
type fingerprint [2]uint64

// scanner makes one pass over the keys after the other, a part in each round trip. It
// holds a fingerprint of each key of a pass, up to the limit, and the names in one
// reply to SCAN, which it measures before it scans further.
type scanner struct {
	probe *Probe
	// place is the index of the probe in its Plan, and share is how many probes share the
	// bounds.
	place, share int
	seeds        [2]maphash.Seed

	began  time.Time // zero while no pass has begun
	cursor uint64
	whole  bool // SCAN has been over all keys
	found  []string
	seen   map[fingerprint]struct{}
	sum    float64
	last   Result // of the newest pass that ended, if Ended is set
	none   error  // the Err while there is none
	// waiting is the Result of a complete pass, until the next INFO shows that no slot
	// moved meanwhile.
	waiting Result

	// looked and asked are how much of scanMost and measureMost the attempt under way
	// has used, and paused means that the scan continues in the next attempt.
	looked, asked int
	paused        bool
	// measuring is how many of found are being measured, and count is the COUNT of
	// SCAN, 0 if it is not sent.
	measuring, count int
}

// newScanner returns the scanner of the probe at an index of a Plan.
func newScanner(p *Probe, place int) *scanner {
	return &scanner{
		probe: p,
		place: place,
		seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
		seen:  map[fingerprint]struct{}{},
		none:  ErrNoScan,
	}
}

// begin starts an attempt. If paused, nothing is asked in it.
func (s *scanner) begin(paused bool) { s.looked, s.asked, s.paused = 0, 0, paused }

// part returns the scanner's part of a shared bound.
func (s *scanner) part(bound int) int { return max(1, bound/s.share) }

// commands returns what to send next, nothing once the attempt has used its part. Until
// read is called, it returns the same.
func (s *scanner) commands(cautious bool) []Command {
	keys := s.probe.keys
	s.measuring, s.count = 0, 0
	if s.paused {
		return nil
	}
	asks := max(1, keys.asks)
	s.measuring = min(len(s.found), max(1, s.part(measureCount)/asks))
	if s.asked > 0 {
		s.measuring = min(s.measuring, max(0, s.part(measureMost)-s.asked)/asks)
	}
	count := s.part(scanCount)
	if cautious {
		count = min(count, cautiousCount)
	}
	if !s.whole && s.measuring == len(s.found) && (s.looked == 0 || s.looked+count <= s.part(scanMost)) {
		s.count = count
	}
	var commands []Command
	for _, key := range s.found[:s.measuring] {
		commands = append(commands, keys.ask(key)...)
	}
	if s.count > 0 {
		commands = append(commands, keys.scan(s.cursor, s.count))
	}
	return commands
}

// sent returns how many commands were sent.
func (s *scanner) sent() int {
	sent := s.measuring * s.probe.keys.asks
	if s.count > 0 {
		sent++
	}
	return sent
}

// read processes the replies to commands, which were sent and answered at the given
// instants. A pass that ends counts at once if confirmed is set.
func (s *scanner) read(replies []any, sent, answered time.Time, confirmed bool) {
	if s.began.IsZero() {
		s.began = sent
	}
	s.looked += s.count
	s.asked += s.measuring * s.probe.keys.asks
	switch err := s.take(replies); {
	case err != nil:
		s.end(Result{Err: err, Began: s.began, Ended: answered})
	case s.whole && len(s.found) == 0:
		ended := s.probe.checked(Result{Value: s.sum, Began: s.began, Ended: answered})
		if confirmed || ended.Err != nil {
			s.end(ended)
			break
		}
		s.end(s.last)
		s.waiting = ended
	}
}

func (s *scanner) take(replies []any) error {
	keys := s.probe.keys
	for range s.measuring {
		value, err := keys.read(keys, replies[:keys.asks])
		if err != nil {
			return err
		}
		s.sum += value
		replies = replies[keys.asks:]
	}
	s.found = s.found[s.measuring:]
	if s.count == 0 {
		return nil
	}
	if err := keys.refused(replies[0], "scan"); err != nil {
		return err
	}
	cursor, found, err := scanned(replies[0])
	if err != nil {
		return err
	}
	s.cursor, s.whole = cursor, cursor == 0
	return s.note(found)
}

// note adds keys that SCAN found. It may find a key several times.
func (s *scanner) note(found []any) error {
	keys := s.probe.keys
	s.found = nil // those before are measured
	for _, one := range found {
		key, ok := one.(string)
		if !ok {
			return errShape
		}
		mark := fingerprint{maphash.String(s.seeds[0], key), maphash.String(s.seeds[1], key)}
		if _, again := s.seen[mark]; again {
			continue
		}
		if len(s.seen) == keys.limit {
			return fmt.Errorf("more than %d keys match %q: raise limit, or write a pattern that fewer keys match", keys.limit, keys.glob)
		}
		s.seen[mark] = struct{}{}
		if keys.asks == 0 {
			s.sum++
		} else {
			s.found = append(s.found, key)
		}
	}
	return nil
}

// end ends the pass. The next attempt begins another one.
func (s *scanner) end(last Result) {
	clear(s.seen)
	s.paused = true
	s.began, s.cursor, s.whole, s.found, s.sum, s.last, s.waiting = time.Time{}, 0, false, nil, 0, last, Result{}
}

// confirm makes a waiting pass count.
func (s *scanner) confirm() {
	if !s.waiting.Ended.IsZero() {
		s.last, s.waiting = s.waiting, Result{}
	}
}

// drop ends the pass, and forgets the last one. Until another is complete, the error is none.
func (s *scanner) drop(none error) {
	s.end(Result{})
	s.none = none
}

// forget drops what was learned about other data. The replies to the commands under way
// are useful only if they begin a pass. Otherwise they continue the pass over the other
// data, and the attempt must end.
func (s *scanner) forget() {
	begins := s.began.IsZero()
	s.drop(ErrNoScan)
	s.paused = !begins
}

// result returns what is known at an instant. Nothing may be older than maxAge.
func (s *scanner) result(now time.Time, policy Sampling, size int64) Result {
	maxAge := policy.MaxAge
	began := s.began
	if began.IsZero() {
		began = now
	}
	switch {
	case s.last.Err != nil:
		return s.last
	case s.last.Ended.IsZero() && apart(began, now) <= maxAge:
		return Result{Err: s.none}
	case s.last.Ended.IsZero(), apart(s.last.Began, s.last.Ended) > maxAge, apart(s.last.Ended, now) > maxAge:
		return Result{Err: s.tooSlow(policy, size)}
	}
	return s.last
}

// tooSlow returns an error that says what to write if a pass takes longer than maxAge.
// The value of a pass is served until the next is complete, an interval after its last
// sample. size is that of the database, 0 if unknown.
func (s *scanner) tooSlow(policy Sampling, size int64) error {
	most := int64(s.part(scanMost))
	advice := "raise spec.sampling.maxAge or shorten spec.sampling.interval"
	if least := time.Duration(size/most+2) * policy.Interval; least > policy.MaxAge {
		advice = fmt.Sprintf("the database has %d keys: set spec.sampling.maxAge to %s or more, or shorten spec.sampling.interval", size, least)
	}
	return fmt.Errorf("a scan of the keys was not complete within maxAge %s, and a sample scans at most %d keys of the database; %s, or keep the number in a key of its own", policy.MaxAge, most, advice)
}

// apart returns the longer of the times that the monotonic and the wall clock measured.
// The former stands still while a machine is suspended, and the latter may be set.
func apart(from, to time.Time) time.Duration {
	return max(to.Sub(from), to.Round(0).Sub(from.Round(0)))
}
