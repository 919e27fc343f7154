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
	// Command is the lower-case name; a subcommand reads "config|get" from Redis 7 on.
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
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || strings.ContainsAny(text, "_xX") || math.IsNaN(f) || math.IsInf(f, 0) {
		return 0, fmt.Errorf("INFO field %s: %w: %.32q is no finite number", key, ErrMalformed, text)
	}
	return f, nil
}

// Keyspace returns the counts of one logical database. INFO leaves out a
// database without keys, so that one absent from section keyspace holds exactly none.
func (i *Info) Keyspace(database int) (Keyspace, error) {
	key := "db" + strconv.Itoa(database)
	text, err := i.Text(key)
	if errors.Is(err, ErrAbsent) {
		return Keyspace{}, i.Section("Keyspace")
	}
	if err != nil {
		return Keyspace{}, err
	}
	keys, err := subfield(key, text, "keys")
	if err != nil {
		return Keyspace{}, err
	}
	expires, err := subfield(key, text, "expires")
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
		for n, key := range i.layout.keys {
			command, ok := strings.CutPrefix(key, commandPrefix)
			if !ok {
				continue
			}
			calls, err := i.calls(n, key)
			if !yield(CommandStats{Command: command, Calls: calls}, err) {
				return
			}
		}
	}
}

// Calls returns how often the server has executed a command since the counters
// were last reset. A command that it has not executed yet is absent.
func (i *Info) Calls(command string) (int64, error) {
	if n, ok := i.layout.index[commandPrefix+command]; ok && n != ambiguous {
		return subfield(i.layout.keys[n], i.values[n], "calls")
	}
	_, err := i.CommandText(command)
	return 0, err
}

func (i *Info) calls(n int, key string) (int64, error) {
	if i.layout.index[key] == ambiguous {
		return 0, fmt.Errorf("INFO field %s: %w: it occurs more than once", key, ErrMalformed)
	}
	return subfield(key, i.values[n], "calls")
}

// CommandText returns what commandstats reports of one command, as the server wrote it.
func (i *Info) CommandText(command string) (string, error) {
	return i.Text(commandPrefix + command)
}

// subfield reads an integer out of a value such as "calls=3,usec=7".
func subfield(key, text, name string) (int64, error) {
	found, times := "", 0
	for rest, more := text, true; more; {
		var part string
		part, rest, more = strings.Cut(rest, ",")
		if value, ok := strings.CutPrefix(part, name); ok && strings.HasPrefix(value, "=") {
			found, times = value[1:], times+1
		}
	}
	switch times {
	case 0:
		return 0, fmt.Errorf("INFO field %s: %s: %w", key, name, ErrAbsent)
	case 1:
		n, err := strconv.ParseInt(found, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("INFO field %s: %w: %s=%.32q is no integer", key, ErrMalformed, name, found)
		}
		return n, nil
	}
	return 0, fmt.Errorf("INFO field %s: %w: %s occurs more than once", key, ErrMalformed, name)
}
