package demo

import (
	"fmt"
	"io"
	"strings"
	"time"
)

const plainEvery = 15 * time.Second

// plain prints a line for each change, for logs and pipes.
type plain struct {
	out   io.Writer
	marks int // of the story, printed so far
	state string
	at    time.Time // of the last line with numbers
}

func (p *plain) show(f frame) error {
	var text strings.Builder
	if p.at.IsZero() {
		text.WriteString(f.page + "\n")
	}
	for _, m := range f.story.marks[p.marks:] {
		text.WriteString(markLine(m, f.story.began) + "\n")
	}
	p.marks = len(f.story.marks)

	s := f.snap
	state := fmt.Sprintf("replicas %d, %d ready; HPA %s", s.replicas, s.ready, hpaText(s))
	if state != p.state || s.at.Sub(p.at) >= plainEvery {
		p.state, p.at = state, s.at
		fmt.Fprintf(&text, "%5s  sent %.0f/s; served %s; %s\n",
			clock(s.at.Sub(f.story.began)), s.sent, strings.TrimSpace(servedText(s)), state)
	}
	_, err := io.WriteString(p.out, text.String())
	return err
}

func (p *plain) close() error { return nil }
