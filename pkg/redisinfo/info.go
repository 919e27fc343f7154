package redisinfo

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"strconv"
	"strings"
)

var (
	// ErrAbsent says that the server did not report a field.
	ErrAbsent = errors.New("not reported by the server")
	// ErrMalformed says that a field is there, and its value is not of the type asked for.
	ErrMalformed = errors.New("malformed value")
)

// Info is one parsed answer to INFO.
type Info struct {
	layout *layout
	values []string
}

// layout is the sequence of keys of an answer, shared by the answers of a server.
type layout struct {
	keys  []string
	index map[string]int
}

// ambiguous stands in a layout's index for a key that occurs more than once.
const ambiguous = -1

// CommandStats is what section commandstats reports of one command.
type CommandStats struct {
	// Command is the name as the server writes it: in lower case, but for Dragonfly,
	// which writes capitals; a subcommand reads "config|get" from Redis 7 on.
	Command string
	// Calls is the number of calls since the counters were last reset.
	Calls int64
}

// Keyspace is what section keyspace reports of one logical database.
type Keyspace struct {
	// Keys is the number of keys, those that expire among them.
	Keys int64
	// Expires is the number of keys that have an expiry.
	Expires int64
}

// Section returns nil if the server reported a section of that name, such as
// "Keyspace", be it an empty one. Where a field is left out because its value
// is nought, this tells that from a field that was never reported.
func (i *Info) Section(name string) error {
	if _, ok := i.layout.index[sectionPrefix+name]; !ok {
		return fmt.Errorf("INFO section %s: %w", name, ErrAbsent)
	}
	return nil
}

// Text returns the value of a field as the server wrote it.
func (i *Info) Text(key string) (string, error) {
	n, ok := i.layout.index[key]
	switch {
	case !ok, isSection(key):
		return "", fmt.Errorf("INFO field %s: %w", key, ErrAbsent)
	case n == ambiguous:
		return "", fmt.Errorf("INFO field %s: %w: it occurs more than once", key, ErrMalformed)
	}
	return i.values[n], nil
}

// Int returns the value of an integer field. A value past the range of int64 is malformed.
func (i *Info) Int(key string) (int64, error) {
	text, err := i.Text(key)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("INFO field %s: %w: %.32q is no integer", key, ErrMalformed, text)
	}
	return n, nil
}

// Float returns the value of a numeric field in decimal. NaN and infinities are
// malformed, and so is what only Go's syntax takes for a number, such as 1_0.
func (i *Info) Float(key string) (float64, error) {
	text, err := i.Text(key)
	if err != nil {
		return 0, err
	}
	f, ok := parseFloat(text)
	if !ok {
		return 0, fmt.Errorf("INFO field %s: %w: %.32q is no finite number", key, ErrMalformed, text)
	}
	return f, nil
}

func parseFloat(text string) (float64, bool) {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || strings.ContainsAny(text, "_xX") || math.IsNaN(f) || math.IsInf(f, 0) {
		return 0, false
	}
	return f, true
}

// Microseconds returns the value of a field in seconds that has six decimals. One
// with fewer is malformed: Dragonfly leaves out the noughts that follow the
// point, so that its 1.5 may be 1.000005 seconds.
func (i *Info) Microseconds(key string) (int64, error) {
	text, err := i.Text(key)
	if err != nil {
		return 0, err
	}
	whole, decimals, _ := strings.Cut(text, ".")
	n, err := strconv.ParseInt(whole+decimals, 10, 64)
	if err != nil || len(decimals) != 6 || whole == "" || decimals[0] == '-' || decimals[0] == '+' {
		return 0, fmt.Errorf("INFO field %s: %w: %.32q is not in seconds with six decimals", key, ErrMalformed, text)
	}
	return n, nil
}

// Keyspace returns the counts of one logical database. INFO leaves out a
// database without keys, so that one absent from section keyspace holds exactly none.
func (i *Info) Keyspace(database int) (Keyspace, error) {
	record, ok := i.Record("db" + strconv.Itoa(database))
	if !ok {
		return Keyspace{}, i.Section("Keyspace")
	}
	keys, err := record.Int("keys")
	if err != nil {
		return Keyspace{}, err
	}
	expires, err := record.Int("expires")
	if err != nil {
		return Keyspace{}, err
	}
	return Keyspace{Keys: keys, Expires: expires}, nil
}

const commandPrefix = "cmdstat_"

// Commands yields each command that the server has executed, with an error in
// place of the counts that could not be read. It yields nothing when section
// commandstats is empty or was not reported: Section tells which.
func (i *Info) Commands() iter.Seq2[CommandStats, error] {
	return func(yield func(CommandStats, error) bool) {
		for command, record := range i.Records(commandPrefix) {
			calls, err := record.Int("calls")
			if !yield(CommandStats{Command: command, Calls: calls}, err) {
				return
			}
		}
	}
}

// Calls returns how often the server has executed a command since the counters
// were last reset. A command that it has not executed yet is absent.
func (i *Info) Calls(command string) (int64, error) {
	record, ok := i.Record(commandPrefix + command)
	if !ok {
		_, err := i.CommandText(command)
		return 0, err
	}
	return record.Int("calls")
}

// CommandText returns what commandstats reports of one command, as the server wrote it.
func (i *Info) CommandText(command string) (string, error) {
	return i.Text(commandPrefix + command)
}
