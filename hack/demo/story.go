package demo

import (
	"fmt"
	"strings"
	"time"
)

// The loads, in requests per second. The high one asks for maxReplicas, and by so much that one replica less is past the
// HPA's tolerance of 10 %.
const (
	lowLoad  = 500
	highLoad = 4700
)

// phase is a stretch of steady load with what is expected to come of it.
type phase struct {
	name  string
	load  int
	wants string // what it waits for, in words
	done  func(snapshot) bool
	least time.Duration // it lasts at least so long
	most  time.Duration // and fails after so long
}

func script() []phase {
	return []phase{
		{
			name: "steady", load: lowLoad, least: 10 * time.Second, most: 90 * time.Second,
			wants: "the HPA reads the metric, 2 replicas are ready",
			done: func(s snapshot) bool {
				return s.hpa.active && s.served.Err == nil && s.ready == 2
			},
		},
		{
			name: "rise", load: highLoad, least: 45 * time.Second, most: 90 * time.Second,
			wants: "the HPA scales out to 5 replicas",
			done:  func(s snapshot) bool { return s.hpa.desired == 5 && s.replicas == 5 && s.ready == 5 },
		},
		{
			name: "fall", load: lowLoad, least: 0, most: 180 * time.Second,
			wants: "the HPA scales in to 1 replica",
			done:  func(s snapshot) bool { return s.hpa.desired == 1 && s.replicas == 1 && s.ready == 1 },
		},
	}
}

type story struct {
	phases  []phase
	current int
	began   time.Time // of the first phase
	since   time.Time // of the current phase
	marks   []mark
}

// mark is something that happened, for the log and for the summary.
type mark struct {
	at    time.Time
	phase int
	kind  markKind
	text  string
}

type markKind int

const (
	markPhase    markKind = iota // a phase began
	markDecision                 // the HPA decided
	markReady                    // a phase's goal was reached
)

func newStory(phases []phase, now time.Time) *story {
	s := &story{phases: phases, began: now, since: now}
	s.add(now, markPhase, s.announce())
	return s
}

// step takes a snapshot in. It returns true when the story is over, and an error when a goal was not reached in time.
func (s *story) step(snap snapshot) (over bool, err error) {
	for _, decision := range snap.decisions {
		s.add(snap.at, markDecision, decision)
	}
	phase := s.phase()
	spent := snap.at.Sub(s.since)
	reached := phase.done(snap)
	if reached && !s.has(markReady) {
		s.add(snap.at, markReady, phase.wants)
	}
	switch {
	case reached && spent >= phase.least:
		return s.next(snap.at), nil
	case spent > phase.most:
		return true, fmt.Errorf("not within %s: %s: %s", phase.most, phase.wants, snap)
	}
	return false, nil
}

func (s *story) next(now time.Time) (over bool) {
	if s.current+1 == len(s.phases) {
		return true
	}
	s.current++
	s.since = now
	s.add(now, markPhase, s.announce())
	return false
}

func (s *story) phase() phase { return s.phases[s.current] }

func (s *story) announce() string {
	p := s.phase()
	return fmt.Sprintf("%d requests/s, until %s", p.load, p.wants)
}

func (s *story) add(at time.Time, kind markKind, text string) {
	s.marks = append(s.marks, mark{at: at, phase: s.current, kind: kind, text: text})
}

// has reports whether the current phase has a mark of a kind.
func (s *story) has(kind markKind) bool {
	_, ok := s.find(s.current, kind)
	return ok
}

// find returns the first mark of a kind in a phase.
func (s *story) find(phase int, kind markKind) (mark, bool) {
	for _, m := range s.marks {
		if m.phase == phase && m.kind == kind {
			return m, true
		}
	}
	return mark{}, false
}

// String says in one line what there is, for an error.
func (s snapshot) String() string {
	parts := []string{
		fmt.Sprintf("replicas %d, ready %d, HPA desires %d", s.replicas, s.ready, s.hpa.desired),
	}
	if s.served.Err != nil {
		parts = append(parts, fmt.Sprintf("no number served: %v", s.served.Err))
	} else {
		parts = append(parts, fmt.Sprintf("served %.0f requests/s", s.served.Value))
	}
	if s.hpa.reason != "" {
		parts = append(parts, fmt.Sprintf("HPA says %s: %s", s.hpa.reason, s.hpa.message))
	}
	return strings.Join(parts, "; ")
}
