package redisinfo

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

var (
	// ErrAbsent means that the server did not report a field.
	ErrAbsent = errors.New("not reported by the server")
	// ErrMalformed means that the value of a field does not have the requested type.
	ErrMalformed = errors.New("malformed value")
)

// fieldError says why a field is unknown. Its text is made on demand, because each
// sample reads fields that an older server does not report.
type fieldError struct {
	key string
	err error
}

func (e fieldError) Error() string { return "INFO field " + e.key + ": " + e.err.Error() }

func (e fieldError) Unwrap() error { return e.err }

// malformed returns an error that says what is wrong with the value of a field.
func malformed(key, format string, args ...any) error {
	return fmt.Errorf("INFO field %s: %w: %s", key, ErrMalformed, fmt.Sprintf(format, args...))
}

// Info is one parsed reply to INFO. The zero Info has no fields.
type Info struct {
	schema *schema
	// values holds the concatenated values, and ends where each of them ends. Replies share ends.
	values string
	ends   []uint32
}

// value returns the value at an index of the schema.
func (i *Info) value(place int) string {
	start := uint32(0)
	if place > 0 {
		start = i.ends[place-1]
	}
	return i.values[start:i.ends[place]]
}

// SharesKeys reports whether another reply is known to have the same keys. Successive
// replies that one Parser has read share their keys while they are the same.
func (i *Info) SharesKeys(other *Info) bool { return i.schema == other.schema }

// Size returns about how many bytes the reply takes, without its keys.
func (i *Info) Size() int { return len(i.values) + 4*len(i.ends) }

// KeysSize returns about how many bytes the keys take. Replies may share them.
func (i *Info) KeysSize() int {
	if i.schema == nil {
		return 0
	}
	return i.schema.size
}

// Keyspace is what section keyspace reports about one logical database.
type Keyspace struct {
	// Keys is the number of keys, with or without an expiry.
	Keys int64
	// Expires is the number of keys that have an expiry.
	Expires int64
}

// Section returns nil if the server reported a section, such as "Keyspace", even an
// empty one. That distinguishes a field that is left out because its value is 0 from
// one that is never reported.
func (i *Info) Section(name string) error {
	if _, ok := i.schema.find(sectionPrefix + name); !ok {
		return fmt.Errorf("INFO section %s: %w", name, ErrAbsent)
	}
	return nil
}

// Text returns the value of a field as the server wrote it.
func (i *Info) Text(key string) (string, error) {
	place, ok := i.schema.find(key)
	switch {
	case !ok, isSection(key):
		return "", fieldError{key, ErrAbsent}
	case isCut(key):
		return "", fieldError{key, ErrName}
	case i.schema.twice[key]:
		return "", malformed(key, "it occurs more than once")
	}
	return i.value(place), nil
}

// Int returns the value of an integer field. A value outside the range of int64 is
// malformed.
func (i *Info) Int(key string) (int64, error) {
	text, err := i.Text(key)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, malformed(key, "%.32q is not an integer", text)
	}
	return n, nil
}

// Float returns the value of a decimal field. NaN and infinities are malformed, and so
// are forms that only Go's syntax has, such as 1_0.
func (i *Info) Float(key string) (float64, error) {
	text, err := i.Text(key)
	if err != nil {
		return 0, err
	}
	f, ok := parseFloat(text)
	if !ok {
		return 0, malformed(key, "%.32q is not a finite number", text)
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

// Microseconds returns the value of a field in seconds with six decimals. A value with
// fewer is malformed: Dragonfly leaves out the zeros after the point, so its 1.5 may be
// 1.000005 seconds.
func (i *Info) Microseconds(key string) (int64, error) {
	text, err := i.Text(key)
	if err != nil {
		return 0, err
	}
	whole, decimals, _ := strings.Cut(text, ".")
	n, err := strconv.ParseInt(whole+decimals, 10, 64)
	if err != nil || len(decimals) != 6 || whole == "" {
		return 0, malformed(key, "%.32q is not in seconds with six decimals", text)
	}
	return n, nil
}

// Keyspace returns the counts of one logical database. INFO leaves out a database
// without keys, so one that is absent from section keyspace has none.
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
