package demo

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/terminal"
)

// maxMarks bounds the marks on a screen, however large it is.
const maxMarks = 12

type view interface {
	show(frame) error
	close() error
}

// screen draws each frame in place of the one before, on a terminal.
type screen struct {
	out     io.Writer
	size    func() (columns, rows int)
	started bool
}

func (s *screen) show(f frame) error {
	columns, rows := s.size()
	text := terminal.Frame(strings.Join(draw(f, rows), "\n"), columns, rows)
	if !s.started {
		text = terminal.HideCursor + text
		s.started = true
	}
	_, err := io.WriteString(s.out, text)
	return err
}

func (s *screen) close() error {
	if !s.started {
		return nil
	}
	_, err := io.WriteString(s.out, terminal.ShowCursor)
	return err
}

// draw returns the lines of a frame. Of the marks, the newest are shown that have a row.
func draw(f frame, rows int) []string {
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
	room := min(max(1, rows-1-len(lines)-strings.Count(f.page, "\n")), maxMarks)
	for _, m := range marks[max(0, len(marks)-room):] {
		lines = append(lines, markLine(m, f.story.began))
	}
	return lines
}

func markLine(m mark, began time.Time) string {
	prefix := map[markKind]string{markPhase: "load", markDecision: "HPA", markReady: "done"}[m.kind]
	return fmt.Sprintf("%5s  %-5s %s", clock(m.at.Sub(began)), prefix, m.text)
}
