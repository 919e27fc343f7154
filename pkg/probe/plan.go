package probe

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

// Plan is all that is asked of one server. A Run puts it to work.
type Plan struct {
	probes []*Probe
	// commands are the distinct ones that each attempt sends; that for the time is the last.
	commands []Command
	bounded  []bool   // by command
	asks     [][]int  // by probe, the places of its commands
	names    []string // of all commands that may be sent
	wantsAll bool
}

// Compile joins probes into a Plan.
func Compile(probes []*Probe) *Plan {
	plan := &Plan{probes: probes, asks: make([][]int, len(probes))}
	places := map[string]int{}
	wantsTime := false
	for n, p := range probes {
		for _, command := range p.Commands {
			key := strings.Join(command, "\x00")
			place, known := places[key]
			if !known {
				place = plan.add(command)
				places[key] = place
			}
			plan.bounded[place] = !p.Unbounded
			plan.asks[n] = append(plan.asks[n], place)
		}
		if p.keys != nil {
			for _, name := range p.keys.names {
				plan.name(name)
			}
		}
		wantsTime = wantsTime || p.WantsTime
		plan.wantsAll = plan.wantsAll || p.WantsAllInfo
	}
	if wantsTime {
		// After the others: no entry is younger than what is asked for later.
		place := plan.add(Command{"time"})
		plan.bounded[place] = true
		for n, p := range probes {
			if p.WantsTime {
				plan.asks[n] = append(plan.asks[n], place)
			}
		}
	}
	return plan
}

func (l *Plan) add(command Command) int {
	l.commands = append(l.commands, command)
	l.bounded = append(l.bounded, false)
	l.name(command.Name())
	return len(l.commands) - 1
}

// name notes a command that may be sent.
func (l *Plan) name(name string) {
	if !slices.Contains(l.names, name) {
		l.names = append(l.names, name)
	}
}

// Probes are those that the Plan was made from. The caller must not modify them.
func (l *Plan) Probes() []*Probe { return l.probes }

// WantsAllInfo tells whether any field of INFO may be needed.
func (l *Plan) WantsAllInfo() bool { return l.wantsAll }

// Unbounded tells whether some command's time or answer nothing bounds.
func (l *Plan) Unbounded() bool {
	return slices.ContainsFunc(l.probes, func(p *Probe) bool { return p.Unbounded })
}

// commandsOf are what each attempt sends, each once and in this order. Those that
// nothing bounds can be left out, and those about keys that are not here; nil
// stands in their place then.
func (l *Plan) commandsOf(onlyBounded bool, here func(key string) bool) []Command {
	if !onlyBounded && here == nil {
		return l.commands
	}
	sent := make([]Command, len(l.commands))
	for n, p := range l.probes {
		if here != nil && p.Key != "" && !here(p.Key) {
			continue
		}
		for _, place := range l.asks[n] {
			if l.bounded[place] || !onlyBounded {
				sent[place] = l.commands[place]
			}
		}
	}
	return sent
}

// errHeldBack is the Result of a probe whose commands were left out.
var errHeldBack = errors.New("it is held back for a while: the server did not answer in time, or answered too much, when it was asked along with the rest")

// read makes a Result for each probe but those of keys of the replies to the commands that were sent.
func (l *Plan) read(sent []Command, replies []any, info *redisinfo.Info) []Result {
	results := make([]Result, len(l.probes))
	for n, p := range l.probes {
		if p.keys != nil {
			continue
		}
		answer := Answer{Info: info}
		held := false
		for _, place := range l.asks[n] {
			held = held || sent[place] == nil
			answer.Replies = append(answer.Replies, replies[place])
		}
		if held {
			results[n] = Result{Err: errHeldBack}
			continue
		}
		if p.WantsTime {
			last := len(answer.Replies) - 1
			now, err := clock(answer.Replies[last])
			if err != nil {
				results[n] = Result{Err: err}
				continue
			}
			answer.Time, answer.Replies = now, answer.Replies[:last]
		}
		results[n] = p.Read(answer)
	}
	return results
}

// clock reads the reply to TIME.
func clock(reply any) (time.Time, error) {
	if err := refusal(reply, subject{command: "time"}); err != nil {
		return time.Time{}, err
	}
	pair, ok := reply.([]any)
	if !ok || len(pair) != 2 {
		return time.Time{}, errShape
	}
	seconds, okSeconds := pair[0].(string)
	micros, okMicros := pair[1].(string)
	s, okS := number(seconds)
	us, okUs := number(micros)
	if !okSeconds || !okMicros || !okS || !okUs {
		return time.Time{}, errShape
	}
	return time.Unix(int64(s), int64(us)*int64(time.Microsecond)), nil
}

// Calls counts commands that a server has executed, by name. It is immutable.
type Calls struct {
	names  []string
	counts []int64
	// lost counts attempts of which nobody knows what the server executed.
	lost int64
}

// count adds the commands that the server executed, by its replies, to those before.
func (l *Plan) count(before Calls, sent []Command, replies []any) Calls {
	if len(l.names) == 0 {
		return before
	}
	after := Calls{names: l.names, counts: make([]int64, len(l.names)), lost: before.lost}
	copy(after.counts, before.counts)
	for n, reply := range replies {
		if sent[n] != nil && executed(reply) {
			after.counts[slices.Index(l.names, sent[n].Name())]++
		}
	}
	return after
}

// Since tells how often a command was executed after an earlier count by the same
// Plan. It is at least so often, and maybe more, if exact is false.
func (c Calls) Since(before Calls, command string) (calls int64, exact bool) {
	exact = true
	for n, name := range c.names {
		// Redis before 7.0 counts subcommands under the command.
		if base, _, _ := strings.Cut(name, "|"); name != command && base != command {
			continue
		}
		exact = c.lost == before.lost
		calls += c.counts[n]
		if len(before.counts) > 0 {
			calls -= before.counts[n]
		}
	}
	return calls, exact
}
