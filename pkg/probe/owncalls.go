package probe

import (
	"maps"
	"strings"
)

// Calls counts commands that a server has executed, by name. It is immutable.
type Calls map[string]count

// count is the count of one command.
type count struct {
	executed int64
	// doubtful counts calls that the server may or may not have executed.
	doubtful int64
}

// with adds the commands that the server executed, judging by its replies. Without
// replies, each command is doubtful.
func (c Calls) with(sent []Command, replies []any) Calls {
	if len(sent) == 0 {
		return c
	}
	after := Calls{}
	maps.Copy(after, c)
	for n, command := range sent {
		if command == nil {
			continue
		}
		execution := doubtful
		if replies != nil {
			execution = command.execution(replies[n])
		}
		count := after[command.Name()]
		switch execution {
		case executed:
			count.executed++
		case doubtful:
			count.doubtful++
		}
		after[command.Name()] = count
	}
	return after
}

// Since returns how often a command was executed since an earlier count, or at least
// how often if exact is false.
func (c Calls) Since(before Calls, command string) (calls int64, exact bool) {
	exact = true
	for name, now := range c {
		// Redis before 7.0 counts subcommands under the command.
		if base, _, _ := strings.Cut(name, "|"); name != command && base != command {
			continue
		}
		exact = exact && now.doubtful == before[name].doubtful
		calls += now.executed - before[name].executed
	}
	return calls, exact
}
