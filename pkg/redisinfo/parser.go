package redisinfo

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
)

// ErrNotInfo says that a text is not an answer to INFO.
var ErrNotInfo = errors.New("the reply is not an INFO text: it has no line of the form key:value")

// maxLines is how many lines an answer may have. Redis has a few hundred. Their
// places fit into 16 bits.
const maxLines = 1 << 13

// ErrTooManyLines says that a text has more lines than any answer to INFO.
var ErrTooManyLines = fmt.Errorf("the reply has more than %d lines", maxLines)

// Parser reads the answers of one server. The zero Parser is ready for use.
// It is not safe for concurrent use.
type Parser struct {
	// Schemas are those that the answers of several Parsers share. Nil keeps all
	// fields, and shares with none. They must not change once there was an answer.
	Schemas *Schemas

	schema *schema
	// ends are those of the answer before. Lengths change seldom, so that most answers share them.
	ends []uint32
}

// Parse reads one answer. The Info keeps values, and nothing of text.
//
// Lines end in CRLF; an empty line carries no field, and one that starts with #
// is the heading of a section. A line without a colon is passed over. A key
// that occurs twice is malformed, since nothing tells which value holds. A key that
// is longer than a name, or not printable, is cut, and its value unknown: see ErrName.
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

// usualBytes is more than the values of most answers are in all, and usualKeys more than they have.
const usualBytes, usualKeys = 3 << 10, 256

// parseKnown reads an answer whose keys are those of the answer before, in the
// same order, so that values are all there is to keep. It returns nil for another.
func (p *Parser) parseKnown(text []byte) *Info {
	known := p.schema
	if known == nil {
		return nil
	}
	// Both are on the stack, and what is kept takes no more than it needs.
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

// valueOf returns what a line says of a key, if it is that of the key.
func valueOf(line []byte, key string) ([]byte, bool) {
	n := len(key)
	if len(line) > n && line[n] == ':' && string(line[:n]) == key && !isSection(key) {
		return line[n+1:], true
	}
	return nil, isSection(key) && string(line) == key
}

// sectionPrefix begins the heading of a section, as in "# Keyspace". A schema
// keeps headings among its keys; no field's key begins so.
const sectionPrefix = "# "

func isSection[T string | []byte](key T) bool {
	return len(key) > 0 && key[0] == '#'
}

// trimEnd cuts off what ends a line.
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
