package redisinfo

import (
	"slices"
	"strings"
)

// schema is the sequence of keys of an answer. The answers of a server share it,
// and those of several servers through Schemas.
type schema struct {
	// lines are the keys of all lines, and dropped tells which of them are not kept.
	lines   []string
	dropped []bool
	// keys are those that are kept, and sorted their places in the order of the keys.
	keys   []string
	sorted []uint16
	// twice marks keys that occur more than once, whose value is therefore unknown.
	twice map[string]bool
	// size is about how many bytes it takes.
	size int
}

// newSchema indexes lines that were not seen in this order before.
func newSchema(lines []string, keep func(key string) bool) *schema {
	s := &schema{lines: slices.Clone(lines), dropped: make([]bool, len(lines))}
	var keys []string
	for i, key := range lines {
		const perLine = 2*16 + 1 + 2*2
		s.size += len(key) + perLine
		s.dropped[i] = keep != nil && !isSection(key) && !keep(key)
		if !s.dropped[i] {
			keys = append(keys, key)
		}
	}
	s.keys, s.sorted = slices.Clone(keys), make([]uint16, len(keys))
	for place := range s.sorted {
		s.sorted[place] = uint16(place)
	}
	slices.SortStableFunc(s.sorted, func(a, b uint16) int { return strings.Compare(keys[a], keys[b]) })
	for i := range len(keys) - 1 {
		if key := keys[s.sorted[i]]; key == keys[s.sorted[i+1]] {
			if s.twice == nil {
				s.twice = map[string]bool{}
			}
			s.twice[key] = true
		}
	}
	return s
}

// find returns the place of a key, the first one if there are several.
func (s *schema) find(key string) (place int, found bool) {
	i, found := s.search(key)
	if !found {
		return 0, false
	}
	return int(s.sorted[i]), true
}

// search returns where in sorted a key is, or would be.
func (s *schema) search(key string) (int, bool) {
	if s == nil {
		return 0, false
	}
	return slices.BinarySearchFunc(s.sorted, key, func(place uint16, key string) int { return strings.Compare(s.keys[place], key) })
}
