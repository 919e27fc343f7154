package probe

import (
	"slices"
	"strings"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

// Plan is all that one server is asked. A Session carries it out.
type Plan struct {
	probes []*Probe
	// commands are the distinct commands that each attempt sends. TIME is the last.
	commands []Command
	asks     [][]int  // by probe, the places of its commands
	fields   []string // of INFO
}

// Compile joins probes into a Plan.
func Compile(probes []*Probe) *Plan {
	plan := &Plan{probes: probes, asks: make([][]int, len(probes))}
	places := map[string]int{}
	ask := func(n int, command Command) {
		key := strings.Join(command, "\x00")
		place, known := places[key]
		if !known {
			place = len(plan.commands)
			places[key] = place
			plan.commands = append(plan.commands, command)
		}
		plan.asks[n] = append(plan.asks[n], place)
	}
	for n, p := range probes {
		for _, command := range p.Commands {
			ask(n, command)
		}
		if p.InfoField != "" {
			plan.fields = append(plan.fields, p.InfoField)
		}
	}
	for n, p := range probes {
		if p.WantsTime { // after the others: no entry is younger than what is asked for later
			ask(n, Command{"time"})
		}
	}
	return plan
}

// Probes returns the probes that the Plan was compiled from. The caller must not modify
// them.
func (l *Plan) Probes() []*Probe { return l.probes }

// InfoFields returns the fields of INFO that probes read, in any section. The caller
// must not modify them.
func (l *Plan) InfoFields() []string { return l.fields }

// Unbounded reports whether the time or the reply of some command is unbounded.
func (l *Plan) Unbounded() bool {
	return slices.ContainsFunc(l.probes, func(p *Probe) bool { return p.Unbounded })
}

// commandsOf returns the commands that an attempt sends, each once and in this order.
// nil stands in the place of a command that is held back, or whose key is not here.
func (l *Plan) commandsOf(held *HeldBack, here func(key string) bool) []Command {
	sent := make([]Command, len(l.commands))
	for n, p := range l.probes {
		if held.leavesOut(p) || here != nil && p.Key != "" && !here(p.Key) {
			continue
		}
		for _, place := range l.asks[n] {
			sent[place] = l.commands[place]
		}
	}
	return sent
}

// read makes a Result for each probe, except scans of keys, from the replies to the
// commands that were sent. The error of a probe whose commands were left out is held,
// and that of a probe that reads keys is outdated unless it is nil.
func (l *Plan) read(sent []Command, replies []any, info *redisinfo.Info, held *HeldBack, outdated error) []Result {
	results := make([]Result, len(l.probes))
	for n, p := range l.probes {
		if p.keys != nil {
			continue
		}
		if outdated != nil && p.readsKeys() {
			results[n] = Result{Err: outdated}
			continue
		}
		answer := Answer{Info: info}
		leftOut := false
		for _, place := range l.asks[n] {
			leftOut = leftOut || sent[place] == nil
			answer.Replies = append(answer.Replies, replies[place])
		}
		if leftOut {
			results[n] = Result{Err: errNoOwner}
			if held.leavesOut(p) {
				results[n].Err = held
			}
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
