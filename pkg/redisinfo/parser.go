package redisinfo

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
)

// ErrNotInfo means that a text is not a reply to INFO.
var ErrNotInfo = errors.New("the reply is not an INFO text: it has no line of the form key:value")

// maxLines is how many lines a reply may have. Redis has a few hundred. Their indexes
// fit into 16 bits.
const maxLines = 1 << 13

// ErrTooManyLines means that a text has more lines than any reply to INFO.
var ErrTooManyLines = fmt.Errorf("the reply has more than %d lines", maxLines)

// Parser parses the replies of one server. The zero Parser is ready for use. It is not
// safe for concurrent use.
type Parser struct {
	// Schemas are shared by several Parsers. nil keeps all fields, and shares nothing.
	// It must not change after the first reply.
	Schemas *Schemas

	schema *schema
	// ends are those of the last reply. Lengths seldom change, so most replies share them.
	ends []uint32
}

// Parse parses one reply. The Info keeps copies of values, and does not retain text.
//
// Lines end in CRLF. An empty line has no field, and a line that starts with # is the
// heading of a section. A line without a colon is ignored. A key that occurs twice is
// malformed, because nothing says which value is right. A key that is longer than a
// name, or not printable, is cut, and its value is unknown: see ErrName.
func (p *Parser) Parse(text []byte) (*Info, error) {
	if p.Schemas == nil {
		p.Schemas = NewSchemas(nil)
	}
	if info := p.parseKnown(text); info != nil {
		return info, nil
	}
	lines, fields := p.Schemas.names.keysIn(text)
	switch {
	case fields == 0:
		return nil, ErrNotInfo
	case len(lines) > maxLines:
		return nil, ErrTooManyLines
	}
	p.schema = p.Schemas.of(lines)
	return p.parseKnown(text), nil
}

// usualBytes and usualKeys are enough for the values and the keys of most replies.
const usualBytes, usualKeys = 3 << 10, 256

// parseKnown parses a reply with the keys of the last one, in the same order, so only
// values are kept. It returns nil for any other reply.
func (p *Parser) parseKnown(text []byte) *Info {
	known := p.schema
	if known == nil {
		return nil
	}
	// Both are on the stack, so what is kept is no larger than needed.
	values, ends := make([]byte, 0, usualBytes), make([]uint32, 0, usualKeys)
	n := 0
	for line := range bytes.Lines(text) {
		line = trimEnd(line)
		if n < len(known.lines) {
			if value, ok := valueOf(line, known.lines[n]); ok {
				if !known.dropped[n] {
					values = append(values, value...)
					ends = append(ends, uint32(len(values)))
				}
				n++
				continue
			}
		}
		key, ok := keyOf(line)
		if !ok {
			continue
		}
		if n == len(known.lines) || !isCut(known.lines[n]) || keyText(key) != known.lines[n] {
			return nil
		}
		if !known.dropped[n] { // its value is unknown
			ends = append(ends, uint32(len(values)))
		}
		n++
	}
	if n < len(known.lines) {
		return nil
	}
	if !slices.Equal(ends, p.ends) {
		p.ends = slices.Clone(ends)
	}
	return &Info{schema: known, values: string(values), ends: p.ends}
}

// valueOf returns the value in a line, if the line has the given key.
func valueOf(line []byte, key string) ([]byte, bool) {
	n := len(key)
	if len(line) > n && line[n] == ':' && string(line[:n]) == key && !isSection(key) {
		return line[n+1:], true
	}
	return nil, isSection(key) && string(line) == key
}

// sectionPrefix begins the heading of a section, as in "# Keyspace". A schema keeps
// headings among its keys. No field's key begins with it.
const sectionPrefix = "# "

func isSection[T string | []byte](key T) bool {
	return len(key) > 0 && key[0] == '#'
}

// trimEnd removes the line ending.
func trimEnd(line []byte) []byte {
	for n := len(line); n > 0 && (line[n-1] == '\n' || line[n-1] == '\r'); n-- {
		line = line[:n-1]
	}
	return line
}

// keyOf returns the key of a line of INFO. The heading of a section is a key.
func keyOf(line []byte) (key []byte, ok bool) {
	if isSection(line) {
		return line, true
	}
	key, _, ok = bytes.Cut(line, []byte(":"))
	return key, ok && len(key) > 0
}
