package probe

import (
	"slices"
	"strings"
)

// Calls counts commands that a server has executed, by name. It is immutable.
type Calls struct {
	names  []string
	counts []int64
	// doubtful counts, by name, the commands that the server may or may not
	// have executed. It is nil as long as there are none.
	doubtful []int64
}

// countCalls adds the commands that the server executed, by its replies, to those
// before. Without replies each of them is doubtful.
func (l *Plan) countCalls(before Calls, sent []Command, replies []any) Calls {
	if len(l.names) == 0 {
		return before
	}
	after := Calls{names: l.names, counts: make([]int64, len(l.names)), doubtful: before.doubtful}
	copy(after.counts, before.counts)
	shared := true // doubtful, with those before
	for n, command := range sent {
		if command == nil {
			continue
		}
		place := slices.Index(l.names, command.Name())
		execution := doubtful
		if replies != nil {
			execution = command.execution(replies[n])
		}
		switch execution {
		case executed:
			after.counts[place]++
		case doubtful:
			if shared {
				after.doubtful, shared = make([]int64, len(l.names)), false
				copy(after.doubtful, before.doubtful)
			}
			after.doubtful[place]++
		}
	}
	return after
}

// Since returns how often a command was executed after an earlier count by the
// same Plan. If exact is false, it was executed at least that often.
func (c Calls) Since(before Calls, command string) (calls int64, exact bool) {
	exact = true
	for n, name := range c.names {
		// Redis before 7.0 counts subcommands under the command.
		if base, _, _ := strings.Cut(name, "|"); name != command && base != command {
			continue
		}
		exact = exact && at(c.doubtful, n) == at(before.doubtful, n)
		calls += c.counts[n] - at(before.counts, n)
	}
	return calls, exact
}

// at returns 0 for a place in counts that are nil.
func at(counts []int64, place int) int64 {
	if counts == nil {
		return 0
	}
	return counts[place]
}
