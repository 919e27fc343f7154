package probe

import (
	"errors"
	"fmt"
	"hash/maphash"
	"time"
)

// scanCount and measureCount bound what one attempt asks for all keys that match
// patterns, however many probes share them. SCAN looks at about scanCount keys,
// which takes a slow server about 5 ms; all else is of constant time.
const scanCount, measureCount = 5000, 1000

// ErrNoPass is the Result of a probe of keys until a pass is complete.
var ErrNoPass = errors.New("no pass over the keys is complete yet: it takes several samples, and begins anew when the server restarts, is flushed or changes its role")

// fingerprint stands for a key. Two seeds make 128 bits, which no two keys share.
type fingerprint [2]uint64

// scanner makes one pass over the keys after the other, a part in each attempt.
// It holds a fingerprint of each key of a pass, which the limit bounds, and the names
// in one reply to SCAN, which it has measured before it asks for more.
type scanner struct {
	probe *Probe
	// count is what SCAN is asked for, and most how many keys an attempt measures.
	count, most int
	seeds       [2]maphash.Seed

	began  time.Time // zero while no pass has begun
	cursor uint64
	whole  bool // SCAN has been over all keys
	found  []string
	seen   map[fingerprint]struct{}
	sum    float64
	last   Result // of the newest pass that ended, if Ended is set

	// measuring is how many of found are asked about, and scanning whether SCAN is.
	measuring int
	scanning  bool
}

// newScanner makes the scanner of one of some probes that share the bounds.
func newScanner(p *Probe, share int) *scanner {
	return &scanner{
		probe: p,
		count: max(1, scanCount/share),
		most:  max(1, measureCount/share/max(1, p.keys.asks)),
		seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
		seen:  map[fingerprint]struct{}{},
	}
}

// commands are what to send next. Asked again, it answers the same until read is called.
func (s *scanner) commands() []Command {
	s.measuring = min(len(s.found), s.most)
	s.scanning = !s.whole && s.measuring == len(s.found)
	var commands []Command
	for _, key := range s.found[:s.measuring] {
		commands = append(commands, s.probe.keys.ask(key)...)
	}
	if s.scanning {
		commands = append(commands, s.probe.keys.scan(s.cursor, s.count))
	}
	return commands
}

// asked is how many commands were sent.
func (s *scanner) asked() int {
	asked := s.measuring * s.probe.keys.asks
	if s.scanning {
		asked++
	}
	return asked
}

// read takes in the replies to commands, which were sent at one instant and
// answered by another.
func (s *scanner) read(replies []any, sent, answered time.Time) {
	if s.began.IsZero() {
		s.began = sent
	}
	switch err := s.take(replies); {
	case err != nil:
		s.end(Result{Err: err, Began: s.began, Ended: answered})
	case s.whole && len(s.found) == 0:
		s.end(s.probe.checked(Result{Value: s.sum, Began: s.began, Ended: answered}))
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
	if !s.scanning {
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

// note takes in keys that SCAN found, which may find one several times.
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

// end ends the pass; the next attempt begins another one.
func (s *scanner) end(last Result) {
	clear(s.seen)
	s.began, s.cursor, s.whole, s.found, s.sum, s.last = time.Time{}, 0, false, nil, 0, last
}

// forget drops what was learnt of other data. It returns false if replies to
// the commands go on with a pass that has begun, and mean nothing.
func (s *scanner) forget() bool {
	begins := s.began.IsZero()
	s.end(Result{})
	return begins
}

// result is what is known at an instant of which nothing may be older than maxAge.
func (s *scanner) result(now time.Time, maxAge time.Duration) Result {
	began := s.began
	if began.IsZero() {
		began = now
	}
	switch {
	case s.last.Err != nil:
		return s.last
	case s.last.Ended.IsZero() && apart(began, now) <= maxAge:
		return Result{Err: ErrNoPass}
	case s.last.Ended.IsZero(), apart(s.last.Began, s.last.Ended) > maxAge, apart(s.last.Ended, now) > maxAge:
		return Result{Err: fmt.Errorf("a pass over the keys was not complete within maxAge %s, and takes a sample for each %d keys of the database: raise spec.sampling.maxAge, shorten spec.sampling.interval, or keep the number in a key of its own", maxAge, s.count)}
	}
	return s.last
}

// apart is the time between two instants by the clock that says more: the
// monotonic clock stands still while a machine is suspended, the wall clock may be set.
func apart(from, to time.Time) time.Duration {
	return max(to.Sub(from), to.Round(0).Sub(from.Round(0)))
}
