package doctor

import (
	"fmt"
	"io"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// Mark says how a check ended.
type Mark string

// Marks of a check.
const (
	OK      Mark = "ok"
	Warning Mark = "warning"
	Failure Mark = "failure"
	// Unknown means that the user may not read what the check needs.
	Unknown Mark = "unknown"
)

// Hop is one of the stations between an HPA and Redis.
type Hop string

// Hops, in the order in which they are checked.
const (
	HopInstall Hop = "Installation"
	HopAPI     Hop = "Metrics API"
	HopRights  Hop = "Rights"
	HopAdapter Hop = "Adapter"
	HopHPA     Hop = "HorizontalPodAutoscaler"
	HopRedis   Hop = "Redis"
	HopValue   Hop = "Value"
	HopTarget  Hop = "Workload"
)

// Check is what one check found.
type Check struct {
	Hop  Hop  `json:"hop"`
	Mark Mark `json:"mark"`
	// Code is stable, and listed in deploy/docs/troubleshooting.md. It is empty if the mark is OK.
	Code    Code   `json:"code,omitempty"`
	Message string `json:"message"`
	// Fix says what to do, and Command is the command that does it, or shows more. The user must replace words in
	// capitals.
	Fix     string `json:"fix,omitempty"`
	Command string `json:"command,omitempty"`
}

// Report is what all checks found, in order.
type Report struct {
	Checks []Check `json:"checks"`
}

// First returns the most important check: the first failure, or else the first warning, or else the first unknown.
func (r Report) First() (Check, bool) {
	for _, mark := range []Mark{Failure, Warning, Unknown} {
		if i := slices.IndexFunc(r.Checks, func(c Check) bool { return c.Mark == mark }); i >= 0 {
			return r.Checks[i], true
		}
	}
	return Check{}, false
}

// ExitCode returns 2 if there is a failure, 1 if there is a warning or something unknown, or else 0.
func (r Report) ExitCode() int {
	first, found := r.First()
	switch {
	case !found:
		return 0
	case first.Mark == Failure:
		return 2
	}
	return 1
}

// failed reports whether a hop has a failure.
func (r Report) failed(hop Hop) bool {
	return slices.ContainsFunc(r.Checks, func(c Check) bool { return c.Hop == hop && c.Mark == Failure })
}

func (r *Report) add(checks ...Check) { r.Checks = append(r.Checks, checks...) }

// Write writes the report for people to read. With colour, the marks are coloured by terminal sequences.
func (r Report) Write(w io.Writer, colour bool) error {
	var text strings.Builder
	count := map[Mark]int{}
	var hop Hop
	for _, c := range r.Checks {
		count[c.Mark]++
		if c.Hop != hop {
			if hop != "" {
				text.WriteString("\n")
			}
			hop = c.Hop
			fmt.Fprintf(&text, "%s\n", hop)
		}
		code := ""
		if c.Code != "" {
			code = " [" + string(c.Code) + "]"
		}
		fmt.Fprintf(&text, "  %s %s%s\n", c.Mark.show(colour), c.Message, code)
		if c.Fix != "" {
			fmt.Fprintf(&text, "            fix: %s\n", c.Fix)
		}
		if c.Command != "" {
			fmt.Fprintf(&text, "            run: %s\n", c.Command)
		}
	}
	fmt.Fprintf(&text, "\nok %d, warning %d, failure %d, unknown %d.", count[OK], count[Warning], count[Failure], count[Unknown])
	if first, found := r.First(); found {
		fmt.Fprintf(&text, " First: %s.", first.Code)
	}
	text.WriteString("\n")
	_, err := io.WriteString(w, text.String())
	return err
}

// show returns the mark, padded to its column.
func (m Mark) show(colour bool) string {
	column := fmt.Sprintf("%-9s", m)
	if !colour {
		return column
	}
	sequence := map[Mark]string{OK: "32", Warning: "33", Failure: "31", Unknown: "36"}[m]
	return "\x1b[" + sequence + "m" + column + "\x1b[0m"
}

func (h Hop) ok(format string, args ...any) Check {
	return Check{Hop: h, Mark: OK, Message: fmt.Sprintf(format, args...)}
}

func (h Hop) warning(code Code, command, format string, args ...any) Check {
	return h.found(Warning, code, command, format, args...)
}

func (h Hop) failure(code Code, command, format string, args ...any) Check {
	return h.found(Failure, code, command, format, args...)
}

func (h Hop) unknown(code Code, command, format string, args ...any) Check {
	return h.found(Unknown, code, command, format, args...)
}

// found returns a check that found a trouble in the table, with its fix.
func (h Hop) found(mark Mark, code Code, command, format string, args ...any) Check {
	return Check{Hop: h, Mark: mark, Code: code, Message: fmt.Sprintf(format, args...), Fix: fixOf(code), Command: command}
}

// unread returns a check whose object could not be read.
func (h Hop) unread(what, resource string, err error) Check {
	if apierrors.IsForbidden(err) {
		return h.unknown(Forbidden, "kubectl auth can-i get "+resource, "You may not read %s.", what)
	}
	return h.failure(Unreadable, "kubectl get --raw /readyz", "The API server did not return %s: %s.", what, sentence(err.Error()))
}

// sentence makes a foreign message part of a sentence: on one line, and without a full stop.
func sentence(message string) string {
	return strings.TrimSuffix(strings.Join(strings.Fields(message), " "), ".")
}
