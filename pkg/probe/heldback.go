package probe

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// HeldBack is the Err of a Result whose commands were left out, because an attempt with
// them failed.
type HeldBack struct {
	// Until is when they are sent again.
	Until time.Time
	// Cause is how the attempt failed, as a clause.
	Cause string
	// Suspects are what may have made it fail: all that is unbounded.
	Suspects []string
	// OnlyScripts means that only scripts are left out, for good. Until and Suspects
	// are then unset.
	OnlyScripts bool
}

// maxSuspects bounds how many suspects an error names.
const maxSuspects = 5

func (h *HeldBack) Error() string {
	if h.OnlyScripts {
		return "not asked again until spec changes: " + h.Cause
	}
	named, more := h.Suspects, ""
	if len(named) > maxSuspects {
		named, more = named[:maxSuspects], fmt.Sprintf(" and %d more", len(named)-maxSuspects)
	}
	return fmt.Sprintf("held back until %s: %s when it was asked for %s%s", h.Until.UTC().Format(time.TimeOnly+" UTC"), h.Cause, strings.Join(named, ", "), more)
}

// leavesOut reports whether the commands of a probe are left out.
func (h *HeldBack) leavesOut(p *Probe) bool {
	return h != nil && p.Unbounded && (!h.OnlyScripts || p.runsScript())
}

// Suspects returns the unbounded commands, in the words of the object's author.
func (l *Plan) Suspects() []string {
	var suspects []string
	for _, p := range l.probes {
		if !p.Unbounded {
			continue
		}
		if name := p.suspect(); !slices.Contains(suspects, name) {
			suspects = append(suspects, name)
		}
	}
	return suspects
}

// suspect names what an unbounded probe asks for.
func (p *Probe) suspect() string {
	switch {
	case p.keys != nil:
		return fmt.Sprintf("SCAN of %q", p.keys.glob)
	case p.runsScript():
		return "the script of " + strings.ToUpper(p.Commands[0][0])
	}
	return fmt.Sprintf("%s of %q", strings.ToUpper(strings.ReplaceAll(p.Commands[0].Name(), "|", " ")), p.Key)
}
