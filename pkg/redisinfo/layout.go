package redisinfo

import (
	"cmp"
	"slices"
	"unique"
)

// layout is the sequence of keys of an answer, shared by the answers of a
// server. The keys themselves are shared by all servers.
type layout struct {
	// lines are the keys of all lines, and dropped tells which of them are not kept.
	lines   []unique.Handle[string]
	dropped []bool
	// keys are those that are kept, and order is their places in alphabetical order.
	keys  []unique.Handle[string]
	order []uint32
	// twice tells of keys that occur more than once; nothing tells which value holds.
	twice map[string]bool
}

// newLayout indexes lines that were not seen in this order before.
func newLayout(lines []unique.Handle[string], keep func(key string) bool) *layout {
	l := &layout{lines: slices.Clone(lines), dropped: make([]bool, len(lines))}
	count := len(lines)
	for n, key := range lines {
		if l.dropped[n] = keep != nil && !isSection(key.Value()) && !keep(key.Value()); l.dropped[n] {
			count--
		}
	}
	l.keys, l.order = make([]unique.Handle[string], 0, count), make([]uint32, count)
	for n, key := range lines {
		if !l.dropped[n] {
			l.order[len(l.keys)] = uint32(len(l.keys))
			l.keys = append(l.keys, key)
		}
	}
	slices.SortFunc(l.order, func(a, b uint32) int { return cmp.Compare(l.keys[a].Value(), l.keys[b].Value()) })
	for n := 1; n < len(l.order); n++ {
		if key := l.keys[l.order[n]]; key == l.keys[l.order[n-1]] {
			if l.twice == nil {
				l.twice = map[string]bool{}
			}
			l.twice[key.Value()] = true
		}
	}
	return l
}

// find returns the place of a key, one of them if there are several.
func (l *layout) find(key string) (int, bool) {
	n, ok := slices.BinarySearchFunc(l.order, key, func(place uint32, key string) int {
		return cmp.Compare(l.keys[place].Value(), key)
	})
	if !ok {
		return 0, false
	}
	return int(l.order[n]), true
}
