package redisinfo

import (
	"hash/maphash"
	"math/bits"
	"slices"
	"strings"
)

// schema is the sequence of keys of a reply. The replies of a server share it, and
// those of several servers do through Schemas.
type schema struct {
	// lines are the keys of all lines, and dropped says which of them are not kept.
	lines   []string
	dropped []bool
	// keys are the keys that are kept, and sorted their indexes in the order of the
	// keys.
	keys   []string
	sorted []uint16
	// slots is a hash table of the keys' indexes, each plus one, with linear probing. A map would take several times
	// the memory, and a binary search several times as long.
	slots []uint16
	seed  maphash.Seed
	// twice has the keys that occur more than once, whose value is unknown.
	twice map[string]bool
	// size is about how many bytes it takes.
	size int
}

// newSchema returns the schema of a sequence of lines.
func newSchema(lines []string, keep func(key string) bool) *schema {
	s := &schema{lines: slices.Clone(lines), dropped: make([]bool, len(lines)), seed: maphash.MakeSeed()}
	var keys []string
	for i, key := range lines {
		const perLine = 2*16 + 1 + 2 + 3*2
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
	s.slots = make([]uint16, 1<<bits.Len(uint(2*len(keys))))
	for place, key := range keys {
		slot, found := s.slot(key)
		if !found {
			s.slots[slot] = uint16(place + 1)
			continue
		}
		if s.twice == nil {
			s.twice = map[string]bool{}
		}
		s.twice[key] = true
	}
	return s
}

// find returns the index of a key, the first one if there are several.
func (s *schema) find(key string) (place int, found bool) {
	if s == nil {
		return 0, false
	}
	slot, found := s.slot(key)
	return int(s.slots[slot]) - 1, found
}

// slot returns where a key is in slots, or would be.
func (s *schema) slot(key string) (slot int, found bool) {
	last := len(s.slots) - 1
	slot = int(maphash.String(s.seed, key)) & last
	for ; s.slots[slot] != 0; slot = (slot + 1) & last {
		if s.keys[s.slots[slot]-1] == key {
			return slot, true
		}
	}
	return slot, false
}

// from returns the indexes of the keys not less than a key, in the order of the keys.
func (s *schema) from(key string) []uint16 {
	if s == nil {
		return nil
	}
	first, _ := slices.BinarySearchFunc(s.sorted, key, func(place uint16, key string) int { return strings.Compare(s.keys[place], key) })
	return s.sorted[first:]
}
