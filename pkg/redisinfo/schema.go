package redisinfo

import (
	"hash/maphash"
	"math/bits"
	"slices"
	"strings"
	"sync/atomic"
)

// schema is the sequence of keys of an answer, shared by the answers of a
// server, and of others by Schemas.
type schema struct {
	// lines are the keys of all lines, and dropped tells which of them are not kept.
	lines   []string
	dropped []bool
	// keys are those that are kept. places finds them: a hash table with open
	// addressing, a third of it empty at least, of their places counted from 1.
	keys   []string
	places []uint16
	seed   maphash.Seed
	// twice marks keys that occur more than once, whose value is therefore unknown.
	twice map[string]bool
	// size is about how many bytes it takes.
	size int
	// runs are where keys of the prefixes lie that were asked for so far.
	runs atomic.Pointer[[]run]
}

// run is from the first place of a key with a prefix up to the last one.
type run struct {
	prefix     string
	first, end int
}

// newSchema indexes lines that were not seen in this order before.
func newSchema(lines []string, keep func(key string) bool) *schema {
	l := &schema{lines: slices.Clone(lines), dropped: make([]bool, len(lines)), seed: maphash.MakeSeed()}
	count := len(lines)
	for n, key := range lines {
		if l.dropped[n] = keep != nil && !isSection(key) && !keep(key); l.dropped[n] {
			count--
		}
	}
	const ofLine = 2*16 + 1 + 2*2
	for _, key := range lines {
		l.size += len(key) + ofLine
	}
	l.keys, l.places = make([]string, 0, count), make([]uint16, 1<<bits.Len(uint(count+count/2)))
	for n, key := range lines {
		if l.dropped[n] {
			continue
		}
		l.keys = append(l.keys, key)
		slot, found := l.slot(key)
		if !found {
			l.places[slot] = uint16(len(l.keys))
			continue
		}
		if l.twice == nil {
			l.twice = map[string]bool{}
		}
		l.twice[key] = true
	}
	return l
}

// find returns the place of a key, the first one if there are several.
func (l *schema) find(key string) (int, bool) {
	if l == nil || len(l.keys) == 0 {
		return 0, false
	}
	slot, found := l.slot(key)
	return int(l.places[slot]) - 1, found
}

// slot returns where in places a key is, or would be.
func (l *schema) slot(key string) (int, bool) {
	last := len(l.places) - 1
	for slot := int(maphash.String(l.seed, key)) & last; ; slot = (slot + 1) & last {
		place := l.places[slot]
		if place == 0 {
			return slot, false
		}
		if l.keys[place-1] == key {
			return slot, true
		}
	}
}

// run returns between which places all keys with a prefix lie. Others may lie
// between them as well. Looking through all keys for the records of commands
// would take longer than reading these.
func (l *schema) run(prefix string) run {
	if l == nil {
		return run{prefix: prefix}
	}
	known := l.runs.Load()
	if known != nil {
		for _, r := range *known {
			if r.prefix == prefix {
				return r
			}
		}
	}
	found := run{prefix: prefix}
	for place, key := range l.keys {
		if strings.HasPrefix(key, prefix) {
			if found.end == 0 {
				found.first = place
			}
			found.end = place + 1
		}
	}
	var runs []run
	if known != nil {
		runs = slices.Clone(*known)
	}
	runs = append(runs, found)
	l.runs.CompareAndSwap(known, &runs) // one that is lost is looked for again
	return found
}
