package probe

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

// Kind is the kind of number that a probe reads.
type Kind string

const (
	// Gauge is a level at one instant.
	Gauge Kind = "gauge"
	// Counter only grows, and its growth is what counts.
	Counter Kind = "counter"
	// Pass is a level that is measured over several attempts, from Began to Ended of
	// the Result.
	Pass Kind = "pass"
)

// Aggregation says how the numbers of several nodes become one. The empty Aggregation is Sum.
type Aggregation string

const (
	// Sum adds them.
	Sum Aggregation = "Sum"
	// Max takes the largest.
	Max Aggregation = "Max"
	// Min takes the smallest.
	Min Aggregation = "Min"
)

// Command is one command with its arguments.
type Command []string

// Name is the command as INFO commandstats writes it, such as "xinfo|groups".
func (c Command) Name() string {
	name := strings.ToLower(c[0])
	if name == "xinfo" || name == "pubsub" {
		name += "|" + strings.ToLower(c[1])
	}
	return name
}

// Probe is one declared measurement.
type Probe struct {
	// Kind says what the number is.
	Kind Kind
	// Commands are what to send. A probe that reads only INFO has none. The commands of
	// a Pass differ from one attempt to the next, so the Session makes them.
	Commands []Command
	// Key is the first key that it reads, which determines the node of a cluster that
	// can answer. It is empty if each node has a part of what is measured.
	Key string
	// Aggregation combines the numbers of several nodes.
	Aggregation Aggregation
	// WantsTime asks for the server's clock.
	WantsTime bool
	// InfoField is the field of INFO that it reads, empty for none.
	InfoField string
	// Unbounded means that nothing bounds how long the server executes the commands, or
	// how long its replies are.
	Unbounded bool

	read  func(a Answer) (Result, error)
	joins func(before, after Result) bool
	keys  *keyPattern // of a Pass, which a scanner measures
}

// readsKeys reports whether the probe reads keys, which may be outdated on a replica.
func (p *Probe) readsKeys() bool {
	return p.keys != nil || len(p.Commands) > 0 && p.Commands[0][0] != "pubsub"
}

// Answer is what the server answered.
type Answer struct {
	// Replies are the replies to Commands, in their order: string, int64, []any, nil or
	// error.
	Replies []any
	// Time is the server's clock after it executed Commands, if WantsTime is set.
	Time time.Time
	// Info is the server's INFO.
	Info *redisinfo.Info
}

// Result is what a probe measured: Value, unless Err is set.
type Result struct {
	Value float64
	Err   error
	// Began and Ended are when the measurement of a Pass began and ended, zero for
	// other kinds.
	Began, Ended time.Time
	origin       *origin // nil where the number alone reports whether it goes on
}

// maxExact is the first counter whose growth by 1 a float64 does not show.
const maxExact = 1 << 53

// Read makes a Result from an answer.
func (p *Probe) Read(a Answer) Result {
	r, err := p.read(a)
	if err != nil {
		return Result{Err: err}
	}
	return p.checked(r)
}

// checked turns a number that no metric may have into an error.
func (p *Probe) checked(r Result) Result {
	switch {
	case math.IsNaN(r.Value) || math.IsInf(r.Value, 0):
		return Result{Err: errors.New("the value is not a finite number")}
	case r.Value < 0:
		return Result{Err: errors.New("the value is negative, and no metric is")}
	case p.Kind == Counter && r.Value >= maxExact:
		return Result{Err: errors.New("the counter is 2^53 or above, where its growth cannot be told exactly")}
	}
	return r
}

// Joins reports whether two Results are of the same counter, so that its growth is
// known: both are known, it did not fall at any node, the nodes are the same, and
// nothing replaced it in between.
func (p *Probe) Joins(before, after Result) bool {
	if before.Err != nil || after.Err != nil || after.Value < before.Value || !eachGrew(before, after) {
		return false
	}
	return p.joins == nil || p.joins(before, after)
}

// maxNumber is how many bytes of a string are read. No number is longer.
const maxNumber = 64

// number parses a decimal number. It rejects forms that only Go's syntax has.
func number(text string) (float64, bool) {
	if len(text) >= maxNumber || strings.ContainsAny(text, "_xXpPnN") {
		return 0, false
	}
	f, err := strconv.ParseFloat(text, 64)
	return f, err == nil
}

// errShape means that a reply does not have the form that the command returns.
var errShape = errors.New("the server's reply is not what Redis answers")

func integer(reply any) (Result, error) {
	n, ok := reply.(int64)
	if !ok {
		return Result{}, errShape
	}
	return Result{Value: float64(n)}, nil
}
