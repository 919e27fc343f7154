package faults

import (
	"fmt"
	"strings"

	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
)

// Markdown returns the faults as the table of deploy/docs/faults.md.
func Markdown() string {
	var b strings.Builder
	b.WriteString("| Fault | How the test injects it | What is served meanwhile | Values return |\n|---|---|---|---|\n")
	for _, scope := range Scopes() {
		fmt.Fprintf(&b, "| **%s** | | | |\n", scope)
		for _, f := range All() {
			if f.Scope == scope {
				fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", f.Name, f.How, f.meanwhile(), f.again())
			}
		}
	}
	return b.String()
}

// meanwhile says what is served during the fault.
func (f Fault) meanwhile() string {
	text := f.Meanwhile
	switch {
	case text != "":
	case f.Levels == verifier.Holds:
		text = "the last sample until it is older than `maxAge`, then an error" + f.because()
	case f.Levels == verifier.Refuses:
		text = "an error" + f.because()
	case f.Levels == verifier.Renews:
		text = "an error until there are new samples"
	case f.Rates == verifier.Renews:
		text = "all; a rate is an error until there are two new samples"
	default:
		text = "all"
	}
	if f.Off != 0 {
		text += "; timestamps are off by as much as the clock"
	}
	for _, e := range f.Except {
		switch e.Behaviour {
		case verifier.Refuses:
			text += "; " + e.What + " is an error"
		case verifier.Renews:
			text += "; " + e.What + " may be an error for a sample"
		case verifier.Serves:
			text += "; " + e.What + " stays known"
		}
	}
	return text
}

func (f Fault) because() string {
	if len(f.Reasons) == 0 {
		return ""
	}
	names := make([]string, len(f.Reasons))
	for n, reason := range f.Reasons {
		names[n] = "`" + string(reason) + "`"
	}
	return ": " + strings.Join(names, ", ")
}

func (f Fault) again() string {
	switch {
	case f.Levels == verifier.Serves && f.Rates == verifier.Serves && len(f.Except) == 0:
		return ""
	case f.Rereads:
		return fmt.Sprintf("within %d intervals after the next read of the Secret (%s to %s), a rate one `window` later", f.Within, shortestReread, longestReread)
	case f.Levels == verifier.Holds:
		return fmt.Sprintf("within %d intervals, a rate one `window` later", f.Within)
	case f.Relearns:
		return fmt.Sprintf("within %d intervals; for the HPA up to %.0f s later, when Kubernetes discovers kinds and metrics again", f.Within, Relearning.Seconds())
	case f.Settles:
		return fmt.Sprintf("within %d intervals after either change, a rate one `window` later", f.Within)
	case f.Within == 1:
		return "within an interval"
	}
	return fmt.Sprintf("within %d intervals", f.Within)
}
