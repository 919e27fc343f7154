package probe

import (
	"errors"
	"strconv"
)

// runsScript reports whether a command runs a script or a function, whose errors may
// have any text.
func (c Command) runsScript() bool { return c[0] == "eval_ro" || c[0] == "fcall_ro" }

func (p *Probe) runsScript() bool { return len(p.Commands) > 0 && p.Commands[0].runsScript() }

// Script runs a Lua script that returns a number and only reads.
func Script(source string, keys, args []string) *Probe {
	return script(Command{"eval_ro", source}, keys, args)
}

// Function calls a loaded function that returns a number and only reads.
func Function(name string, keys, args []string) *Probe {
	return script(Command{"fcall_ro", name}, keys, args)
}

func script(command Command, keys, args []string) *Probe {
	about := subject{command: command[0], isScript: true}
	command = append(command, strconv.Itoa(len(keys)))
	command = append(append(command, keys...), args...)
	key := ""
	if len(keys) > 0 {
		key = keys[0]
	}
	return &Probe{Kind: Gauge, Key: key, Commands: []Command{command}, Unbounded: true, read: func(a Answer) (Result, error) {
		if err := refusal(a.Replies[0], about); err != nil {
			return Result{}, err
		}
		switch reply := a.Replies[0].(type) {
		case int64:
			return Result{Value: float64(reply)}, nil
		case string:
			if n, ok := number(reply); ok {
				return Result{Value: n}, nil
			}
			return Result{}, errors.New("the script returned a text that is not a number")
		case nil:
			return Result{}, errors.New("the script returned nil or false, which is not a number")
		}
		return Result{}, errors.New("the script returned a table, and not a number")
	}}
}
