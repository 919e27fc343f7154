package redisinfo

import (
	"errors"
	"strings"
)

// ErrNotInfo says that a text is no answer to INFO.
var ErrNotInfo = errors.New("the reply is no INFO text: it has no line of the form key:value")

// Parser reads the answers of one server. The zero Parser is ready for use.
// It is not safe for concurrent use.
type Parser struct {
	layout *layout
}

// Parse reads one answer. The Info keeps the text alive.
//
// Lines end in CRLF; an empty line carries no field, and one that starts with #
// is the heading of a section. A line without a colon is passed over. A key
// that occurs twice is malformed, since nothing tells which value holds.
func (p *Parser) Parse(text string) (*Info, error) {
	if p.layout == nil {
		p.layout = &layout{}
	}
	values := make([]string, 0, len(p.layout.keys))
	keys := p.layout.keys
	// As long as keys follow the layout of the answer before, values are all there is to keep.
	same := true
	var fresh []string
	fields := 0
	for line := range strings.Lines(text) {
		key, value, ok := field(line)
		if !ok {
			continue
		}
		if !isSection(key) {
			fields++
		}
		if same && len(values) < len(keys) && keys[len(values)] == key {
			values = append(values, value)
			continue
		}
		if same {
			same = false
			fresh = append(make([]string, 0, len(values)+64), keys[:len(values)]...)
		}
		values = append(values, value)
		fresh = append(fresh, strings.Clone(key))
	}
	if fields == 0 {
		return nil, ErrNotInfo
	}
	if same && len(values) == len(keys) {
		return &Info{layout: p.layout, values: values}, nil
	}
	if same {
		fresh = append([]string(nil), keys[:len(values)]...)
	}
	p.layout = newLayout(fresh)
	return &Info{layout: p.layout, values: values}, nil
}

// sectionPrefix begins the heading of a section, as in "# Keyspace". A layout
// keeps headings among its keys; no field's key begins so.
const sectionPrefix = "# "

func isSection(key string) bool {
	return strings.HasPrefix(key, "#")
}

// field splits a line of INFO. The heading of a section is a key without a value.
func field(line string) (key, value string, ok bool) {
	line = strings.TrimRight(line, "\r\n")
	if isSection(line) {
		return line, "", true
	}
	key, value, ok = strings.Cut(line, ":")
	return key, value, ok && key != ""
}

// newLayout indexes keys that were not seen in this order before.
func newLayout(keys []string) *layout {
	l := &layout{keys: keys, index: make(map[string]int, len(keys))}
	for n, key := range keys {
		if _, twice := l.index[key]; twice {
			n = ambiguous
		}
		l.index[key] = n
	}
	return l
}
