package probe

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// StreamLength measures how many entries a stream has.
func StreamLength(key string) *Probe { return length(key, "stream", Command{"xlen", key}) }

// Missing says what a probe of a consumer group measures while the group, or its
// stream, does not exist. With any other value, that is an error.
type Missing string

const (
	// MissingZero is 0: nothing has been delivered to anybody.
	MissingZero Missing = "Zero"
	// MissingLength is the length of the stream: what a group has to read if it is
	// created to read from the beginning.
	MissingLength Missing = "Length"
)

// StreamPending measures how many entries are delivered to a group and not acknowledged.
func StreamPending(key, group string, missing Missing) *Probe {
	return ofGroup(key, group, missing, func(fields map[string]any) (Result, error) { return integer(fields["pending"]) })
}

// StreamLag measures how many entries are not delivered to a group yet.
func StreamLag(key, group string, missing Missing) *Probe {
	return ofGroup(key, group, missing, func(fields map[string]any) (Result, error) {
		lag, ok := fields["lag"]
		switch {
		case !ok:
			return Result{}, errors.New("the server does not report the lag: Redis 7.0 and newer do")
		case lag == nil:
			return Result{}, fmt.Errorf("the server does not know the lag of group %q, because entries of stream %q were deleted or the group was set to an entry in the middle", group, key)
		}
		return integer(lag)
	})
}

// ofGroup reads XINFO GROUPS, the last command, since XPENDING lists all consumers
// of a group.
func ofGroup(key, group string, missing Missing, read func(fields map[string]any) (Result, error)) *Probe {
	commands := []Command{{"xinfo", "groups", key}}
	if missing == MissingLength {
		// Both are sent in one pipeline, so they are of the same instant.
		commands = append([]Command{{"xlen", key}}, commands...)
	}
	about := subject{command: "xinfo groups", key: key, kind: "stream", group: group}
	return &Probe{Kind: Gauge, Key: key, Commands: commands, read: func(a Answer) (Result, error) {
		reply := a.Replies[len(a.Replies)-1]
		groups, isList := reply.([]any)
		switch err := refusal(reply, about); {
		case noSuchKey(reply) && (missing == MissingZero || missing == MissingLength):
		case err != nil:
			return Result{}, err
		case !isList:
			return Result{}, errShape
		}
		for _, one := range groups {
			fields, err := fieldsOf(one)
			if err != nil {
				return Result{}, err
			}
			if fields["name"] == group {
				return read(fields)
			}
		}
		switch missing {
		case MissingZero:
			return Result{}, nil
		case MissingLength:
			return StreamLength(key).read(a)
		}
		return Result{}, noGroup(key, group)
	}}
}

// noSuchKey reports whether a reply says that the key does not exist.
func noSuchKey(reply any) bool {
	err, ok := reply.(error)
	return ok && strings.HasPrefix(err.Error(), "ERR no such key")
}

// noGroup returns an error that says that a group, or the stream, does not exist, and
// what to do.
func noGroup(key, group string) error {
	return fmt.Errorf("stream %q has no consumer group %q: create it with XGROUP CREATE, or write whenGroupMissing if the workers that it is to scale create it", key, group)
}

// fieldsOf reads an array of alternating names and values.
func fieldsOf(reply any) (map[string]any, error) {
	list, ok := reply.([]any)
	if !ok || len(list)%2 != 0 {
		return nil, errShape
	}
	fields := make(map[string]any, len(list)/2)
	for n := 0; n < len(list); n += 2 {
		name, ok := list[n].(string)
		if !ok {
			return nil, errShape
		}
		fields[name] = list[n+1]
	}
	return fields, nil
}

// StreamOldestPending measures the age of the oldest entry that is delivered to
// a group and not acknowledged, 0 if there is none.
func StreamOldestPending(key, group string, missing Missing) *Probe {
	p := oldest(subject{command: "xpending", key: key, kind: "stream", group: group}, Command{"xpending", key, group, "-", "+", "1"})
	read := p.read
	p.read = func(a Answer) (Result, error) {
		if err, ok := a.Replies[0].(error); ok && missing == MissingZero && strings.HasPrefix(err.Error(), "NOGROUP ") {
			return Result{}, nil
		}
		return read(a)
	}
	return p
}

// StreamOldestEntry measures the age of the oldest entry, 0 if there is none.
func StreamOldestEntry(key string) *Probe {
	p := oldest(subject{command: "xrange", key: key, kind: "stream"}, Command{"xrange", key, "-", "+", "count", "1"})
	p.Unbounded = true // the entry comes with all that is in it
	return p
}

// oldest reads the first of a list of entries, each of which begins with its ID.
func oldest(about subject, command Command) *Probe {
	return &Probe{Kind: Gauge, Key: about.key, Commands: []Command{command}, WantsTime: true, read: func(a Answer) (Result, error) {
		if err := refusal(a.Replies[0], about); err != nil {
			return Result{}, err
		}
		entries, ok := a.Replies[0].([]any)
		if !ok {
			return Result{}, errShape
		}
		if len(entries) == 0 {
			return Result{}, nil
		}
		entry, ok := entries[0].([]any)
		if !ok || len(entry) == 0 {
			return Result{}, errShape
		}
		id, err := entryID(entry[0])
		if err != nil {
			return Result{}, err
		}
		age := a.Time.Sub(time.UnixMilli(int64(id.milliseconds)))
		if id.milliseconds > maxMilliseconds || age < 0 || age > maxAge {
			return Result{}, fmt.Errorf("the oldest entry's ID in stream %q is not a time of the server's clock: add entries with *", about.key)
		}
		return Result{Value: age.Seconds()}, nil
	}}
}

const (
	// maxMilliseconds is far in the future; IDs above it were made by hand.
	maxMilliseconds = 1 << 45
	// maxAge is longer than Redis has had streams; IDs so old were made by hand.
	maxAge = 20 * 365 * 24 * time.Hour
)

// streamID is the ID of an entry.
type streamID struct {
	milliseconds, sequence uint64
}

func (a streamID) after(b streamID) bool {
	return a.milliseconds > b.milliseconds || a.milliseconds == b.milliseconds && a.sequence > b.sequence
}

func entryID(reply any) (streamID, error) {
	text, ok := reply.(string)
	if !ok {
		return streamID{}, errShape
	}
	first, second, ok := strings.Cut(text, "-")
	milliseconds, errFirst := strconv.ParseUint(first, 10, 64)
	sequence, errSecond := strconv.ParseUint(second, 10, 64)
	if !ok || errFirst != nil || errSecond != nil {
		return streamID{}, errShape
	}
	return streamID{milliseconds, sequence}, nil
}

// streamMark distinguishes a stream from a later one of the same name.
type streamMark struct {
	first, last streamID
	entries     float64
}

// StreamEntriesAdded counts the entries ever added to a stream.
func StreamEntriesAdded(key string) *Probe {
	command := Command{"xinfo", "stream", key}
	return &Probe{
		Key:  key,
		Kind: Counter, Commands: []Command{command},
		Unbounded: true, // the first and the last entry come with all that is in them
		joins:     sameStream,
		read: func(a Answer) (Result, error) {
			if err := refusal(a.Replies[0], subject{command: "xinfo stream", key: key, kind: "stream"}); err != nil {
				return Result{}, err
			}
			fields, err := fieldsOf(a.Replies[0])
			if err != nil {
				return Result{}, err
			}
			if _, ok := fields["entries-added"]; !ok {
				return Result{}, errors.New("the server does not report the entries added: Redis 7.0 and newer do")
			}
			added, errAdded := integer(fields["entries-added"])
			entries, errEntries := integer(fields["length"])
			last, errLast := entryID(fields["last-generated-id"])
			if err := errors.Join(errAdded, errEntries, errLast); err != nil {
				return Result{}, errShape
			}
			mark := streamMark{last: last, entries: entries.Value}
			if entry, ok := fields["first-entry"].([]any); ok && len(entry) > 0 {
				if mark.first, err = entryID(entry[0]); err != nil {
					return Result{}, err
				}
			}
			added.origin = &origin{stream: mark}
			return added, nil
		},
	}
}

// sameStream reports false if a stream was deleted and created again between two
// samples: its IDs go back, or all of its entries are new and are more than were added.
func sameStream(before, after Result) bool {
	a, b := before.origin.stream, after.origin.stream
	switch {
	case a.last.after(b.last):
		return false
	case b.first.after(a.last):
		return b.entries <= after.Value-before.Value
	}
	return true
}
