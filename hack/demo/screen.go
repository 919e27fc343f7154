package demo

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Control sequences of terminals. Source: ECMA-48.
const (
	clearScreen = "\x1b[H\x1b[2J"
	goHome      = "\x1b[H"
	clearLine   = "\x1b[K"
	clearBelow  = "\x1b[J"
	hideCursor  = "\x1b[?25l"
	showCursor  = "\x1b[?25h"
)

const (
	screenWidth = 100
	screenMarks = 12
)

type view interface {
	show(frame) error
	close() error
}

// screen draws each frame over the one before, on a terminal.
type screen struct {
	out     io.Writer
	started bool
}

func (s *screen) show(f frame) error {
	var text strings.Builder
	if !s.started {
		text.WriteString(hideCursor + clearScreen)
		s.started = true
	}
	text.WriteString(goHome)
	for line := range strings.SplitSeq(strings.Join(draw(f), "\n"), "\n") {
		text.WriteString(cut(line, screenWidth) + clearLine + "\n")
	}
	text.WriteString(clearBelow)
	_, err := io.WriteString(s.out, text.String())
	return err
}

func (s *screen) close() error {
	if !s.started {
		return nil
	}
	_, err := io.WriteString(s.out, showCursor)
	return err
}

func draw(f frame) []string {
	s, p := f.snap, f.story.phase()
	lines := []string{
		"redis-metrics-adapter: the stock HPA scales StatefulSet " + statefulSetName + " on Redis " + redisName,
		fmt.Sprintf("HPA sync 15s as upstream; scale-in stabilization %s for this demo (default 5m)", stabilization),
		f.page,
		"",
		fmt.Sprintf("%-9s %5s   phase %d of %d: %s, until %s", "time", clock(s.at.Sub(f.story.began)),
			f.story.current+1, len(f.story.phases), p.name, p.wants),
		fmt.Sprintf("%-9s %5.0f/s of %d/s wanted", "sent", s.sent, p.load),
		fmt.Sprintf("%-9s %s", "", sparkline(f.trail, highLoad)),
		fmt.Sprintf("%-9s %s", "served", servedText(s)),
		fmt.Sprintf("%-9s %s", "", sparkline(f.served, highLoad)),
		fmt.Sprintf("%-9s %5.0f/s per replica (AverageValue)", "target", s.hpa.target),
		fmt.Sprintf("%-9s %s", "HPA", hpaText(s)),
		fmt.Sprintf("%-9s %s  %d, %d ready", "replicas", dots(s.ready, s.replicas, s.hpa.max), s.replicas, s.ready),
		"",
	}
	marks := f.story.marks
	for _, m := range marks[max(0, len(marks)-screenMarks):] {
		lines = append(lines, markLine(m, f.story.began))
	}
	return lines
}

func markLine(m mark, began time.Time) string {
	prefix := map[markKind]string{markPhase: "load", markDecision: "HPA", markReady: "done"}[m.kind]
	return fmt.Sprintf("%5s  %-5s %s", clock(m.at.Sub(began)), prefix, m.text)
}

func cut(line string, width int) string {
	runes := []rune(line)
	if len(runes) <= width {
		return line
	}
	return string(runes[:width-1]) + "…"
}
