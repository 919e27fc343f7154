package probe

import (
	"fmt"
	"strconv"
)

// length returns a probe of one command that replies with a number, 0 for a missing
// key.
func length(key, kind string, command Command) *Probe {
	return &Probe{Kind: Gauge, Key: key, Commands: []Command{command}, read: func(a Answer) (Result, error) {
		if err := refusal(a.Replies[0], subject{command: command[0], key: key, kind: kind}); err != nil {
			return Result{}, err
		}
		return integer(a.Replies[0])
	}}
}

// List measures the length of a list.
func List(key string) *Probe { return length(key, "list", Command{"llen", key}) }

// Set measures how many members a set has.
func Set(key string) *Probe { return length(key, "set", Command{"scard", key}) }

// Hash measures how many fields a hash has.
func Hash(key string) *Probe { return length(key, "hash", Command{"hlen", key}) }

// HyperLogLog measures how many members a HyperLogLog has seen.
func HyperLogLog(key string) *Probe { return length(key, "HyperLogLog", Command{"pfcount", key}) }

// SortedSet measures how many members a sorted set has from one score to
// another, in the syntax of ZCOUNT. The empty score means no bound.
func SortedSet(key, minScore, maxScore string) *Probe {
	if minScore == "" && maxScore == "" {
		return length(key, "sorted set", Command{"zcard", key})
	}
	if minScore == "" {
		minScore = "-inf"
	}
	if maxScore == "" {
		maxScore = "+inf"
	}
	return length(key, "sorted set", Command{"zcount", key, minScore, maxScore})
}

// String reads a number that a string holds.
func String(key string) *Probe { return text(key, Gauge) }

// CounterKey reads a number that a string holds and that only ever grows.
func CounterKey(key string) *Probe { return text(key, Counter) }

// text asks for no more of a string than a number can have. A value of megabytes would
// be refused together with all other replies.
func text(key string, kind Kind) *Probe {
	command := Command{"getrange", key, "0", strconv.Itoa(maxNumber - 1)}
	return &Probe{Kind: kind, Key: key, Commands: []Command{command}, read: func(a Answer) (Result, error) {
		if err := refusal(a.Replies[0], subject{command: "getrange", key: key, kind: "string"}); err != nil {
			return Result{}, err
		}
		value, ok := a.Replies[0].(string)
		switch {
		case !ok:
			return Result{}, errShape
		case value == "":
			return Result{}, fmt.Errorf("key %q does not exist, or is empty", key)
		}
		n, ok := number(value)
		if !ok {
			return Result{}, fmt.Errorf("key %q holds no number", key)
		}
		return Result{Value: n}, nil
	}}
}
