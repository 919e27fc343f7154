package redisinfo

import (
	"fmt"
	"iter"
	"strconv"
	"strings"
)

// Record is a field whose value holds several named numbers, such as
// "calls=3,usec=7". The zero Record has none.
type Record struct {
	key, text string
	twice     bool
}

// Unnamed reports whether the record's name cannot be shown or compared. Then each of
// its numbers is unknown, with ErrName.
func (r Record) Unnamed() bool { return isCut(r.key) }

// Key returns the key of the field.
func (r Record) Key() string { return r.key }

// Text returns one named part of the value as the server wrote it.
func (r Record) Text(name string) (string, error) {
	switch {
	case r.Unnamed():
		return "", fieldError{r.key, ErrName}
	case r.twice:
		return "", malformed(r.key, "it occurs more than once")
	}
	before := "," + name + "="
	text, found := strings.CutPrefix(r.text, before[1:])
	if !found {
		_, text, found = strings.Cut(r.text, before)
	}
	switch {
	case !found:
		return "", fmt.Errorf("INFO field %s: %s: %w", r.key, name, ErrAbsent)
	case strings.Contains(text, before):
		return "", malformed(r.key, "%s occurs more than once", name)
	}
	text, _, _ = strings.Cut(text, ",")
	return text, nil
}

// Int returns one named integer of the value.
func (r Record) Int(name string) (int64, error) {
	text, err := r.Text(name)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, malformed(r.key, "%s=%.32q is not an integer", name, text)
	}
	return n, nil
}

// Float returns one named number of the value. NaN and infinities are malformed.
func (r Record) Float(name string) (float64, error) {
	text, err := r.Text(name)
	if err != nil {
		return 0, err
	}
	f, ok := parseFloat(text)
	if !ok {
		return 0, malformed(r.key, "%s=%.32q is not a finite number", name, text)
	}
	return f, nil
}

// Names yields the names in the value, in the server's order. Some may not satisfy
// IsName.
func (r Record) Names() iter.Seq[string] {
	return func(yield func(string) bool) {
		for part := range strings.SplitSeq(r.text, ",") {
			if name, _, ok := strings.Cut(part, "="); ok && !yield(name) {
				return
			}
		}
	}
}

// Record returns one field as a record, and whether the server reported it.
func (i *Info) Record(key string) (Record, bool) {
	place, ok := i.schema.find(key)
	if !ok || isSection(key) {
		return Record{}, false
	}
	return i.record(place, key), true
}

// Records yields each field whose key has a prefix, by the rest of the key, in the order of the
// keys. It yields nothing if the server has nothing to count or does not report such fields at all;
// Section distinguishes the two.
func (i *Info) Records(prefix string) iter.Seq2[string, Record] {
	return func(yield func(string, Record) bool) {
		for _, place := range i.schema.from(prefix) {
			key := i.schema.keys[place]
			name, ok := strings.CutPrefix(key, prefix)
			if !ok || !yield(name, i.record(int(place), key)) {
				return
			}
		}
	}
}

func (i *Info) record(place int, key string) Record {
	if i.schema.twice[key] {
		return Record{key: key, twice: true}
	}
	return Record{key: key, text: i.value(place)}
}

// Numbered yields the records whose key is a prefix and a decimal number, such as db0
// and slave1. Other fields begin with the same words.
func (i *Info) Numbered(prefix string) iter.Seq2[string, Record] {
	return func(yield func(string, Record) bool) {
		for name, record := range i.Records(prefix) {
			if name != "" && strings.Trim(name, "0123456789") == "" && !yield(name, record) {
				return
			}
		}
	}
}
