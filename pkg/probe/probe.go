package probe

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

// Kind says what the number that a probe reads is.
type Kind string

const (
	// Gauge is a level at one instant.
	Gauge Kind = "gauge"
	// Counter only ever grows, and its growth is what counts.
	Counter Kind = "counter"
	// Pass is a level that is measured over several attempts: Began and Ended of
	// the Result tell when.
	Pass Kind = "pass"
)

// Aggregation says how the numbers of several nodes become one.
type Aggregation string

const (
	// Sum adds them.
	Sum Aggregation = ""
	// Max takes the largest.
	Max Aggregation = "max"
	// Min takes the smallest.
	Min Aggregation = "min"
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
	// Commands are what to send. Some probes read INFO alone, and have none;
	// those of a Pass differ from one attempt to the next, and are a Run's.
	Commands []Command
	// Key is the key that it reads, or the first one, which tells the node of a
	// cluster that can answer. It is empty for what each node has some of.
	Key string
	// Aggregation makes one number of those of several nodes, their sum if it is empty.
	Aggregation Aggregation
	// WantsTime means that the server's clock is needed.
	WantsTime bool
	// InfoField is the field of INFO that it reads, empty for none.
	InfoField string
	// Unbounded means that nothing bounds how long the server works on the
	// commands, or how much it answers.
	Unbounded bool

	read  func(a Answer) (Result, error)
	joins func(before, after Result) bool
	keys  *keyPattern // of a Pass, which a scanner measures
}

// readsKeys reports whether what the probe reads is data, which a replica may have
// of an earlier time than it answers.
func (p *Probe) readsKeys() bool {
	return p.keys != nil || len(p.Commands) > 0 && p.Commands[0][0] != "pubsub"
}

// Answer is what the server answered.
type Answer struct {
	// Replies are those of Commands, in their order: string, int64, []any, nil or error.
	Replies []any
	// Time is the server's clock after it had answered Commands, if it is wanted.
	Time time.Time
	// Info is the server's INFO.
	Info *redisinfo.Info
}

// Result is what a probe gave: Value, unless Err is set.
type Result struct {
	Value float64
	Err   error
	// Began and Ended are the instants between which a Pass was measured, zero for
	// what one attempt measures.
	Began, Ended time.Time
	origin       *origin // nil where the number alone reports whether it goes on
}

// maxExact is the first counter whose growth by 1 a float64 does not show.
const maxExact = 1 << 53

// Read makes a Result of an answer.
func (p *Probe) Read(a Answer) Result {
	r, err := p.read(a)
	if err != nil {
		return Result{Err: err}
	}
	return p.checked(r)
}

// checked makes an error of what is not a value of a metric.
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

// Joins reports whether the growth from one Result to the next is that of one
// counter: both are known, it did not fall at any node, the nodes are the same,
// and nothing replaced it in between.
func (p *Probe) Joins(before, after Result) bool {
	if before.Err != nil || after.Err != nil || after.Value < before.Value || !eachGrew(before, after) {
		return false
	}
	return p.joins == nil || p.joins(before, after)
}

// maxNumber is how many bytes of a string are read: no number is longer.
const maxNumber = 64

// number reads a decimal number. What only Go's syntax takes for one is none.
func number(text string) (float64, bool) {
	if len(text) >= maxNumber || strings.ContainsAny(text, "_xXpPnN") {
		return 0, false
	}
	f, err := strconv.ParseFloat(text, 64)
	return f, err == nil
}

// errShape says that a reply is not what the command answers with.
var errShape = errors.New("the server's reply is not what Redis answers")

func integer(reply any) (Result, error) {
	n, ok := reply.(int64)
	if !ok {
		return Result{}, errShape
	}
	return Result{Value: float64(n)}, nil
}

// length is a probe of one command that answers with a number, 0 for a missing key.
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

// text asks for no more of a string than a number can have: a value of
// megabytes would be refused for its length together with all other replies.
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

// Info reads a field of INFO.
func Info(field string, kind Kind, fold Aggregation) *Probe {
	return &Probe{Kind: kind, Aggregation: fold, InfoField: field, read: func(a Answer) (Result, error) {
		value, err := a.Info.Float(field)
		switch {
		case errors.Is(err, redisinfo.ErrAbsent):
			return Result{}, fmt.Errorf("INFO has no field %s", field)
		case err != nil:
			return Result{}, fmt.Errorf("INFO field %s is not a number", field)
		}
		return Result{Value: value}, nil
	}}
}

// PubSub measures how many clients subscribe to a channel.
func PubSub(channel string) *Probe {
	command := Command{"pubsub", "numsub", channel}
	return &Probe{Kind: Gauge, Commands: []Command{command}, read: func(a Answer) (Result, error) {
		if err := refusal(a.Replies[0], subject{command: "pubsub numsub"}); err != nil {
			return Result{}, err
		}
		pair, ok := a.Replies[0].([]any)
		if !ok || len(pair) != 2 || pair[0] != channel {
			return Result{}, errShape
		}
		return integer(pair[1])
	}}
}
