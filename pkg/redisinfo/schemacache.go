package redisinfo

import (
	"hash/maphash"
	"runtime"
	"slices"
	"sync"
	"unique"
	"weak"
)

// Schemas are the sequences of keys of answers, which servers of one version that
// are used alike have in common: one takes more memory than the values of a sample.
// A layout is forgotten once no answer has it any more. Safe for concurrent use.
type Schemas struct {
	keep func(key string) bool
	seed maphash.Seed

	mu    sync.Mutex
	known map[uint64]weak.Pointer[schema] // by a hash of their lines
}

// NewSchemas returns Layouts of the fields that keep tells to keep, nil for all. To
// an Info the others are absent.
func NewSchemas(keep func(key string) bool) *Schemas {
	return &Schemas{keep: keep, seed: maphash.MakeSeed(), known: map[uint64]weak.Pointer[schema]{}}
}

// of returns the layout of lines.
func (l *Schemas) of(lines []unique.Handle[string]) *schema {
	var hash maphash.Hash
	hash.SetSeed(l.seed)
	for _, line := range lines {
		maphash.WriteComparable(&hash, line)
	}
	sum := hash.Sum64()
	l.mu.Lock()
	defer l.mu.Unlock()
	if shared := l.known[sum].Value(); shared != nil && slices.Equal(shared.lines, lines) {
		return shared
	}
	made := newSchema(lines, l.keep)
	l.known[sum] = weak.Make(made)
	runtime.AddCleanup(made, l.forget, sum)
	return made
}

// forget drops what has been collected.
func (l *Schemas) forget(sum uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known[sum].Value() == nil {
		delete(l.known, sum)
	}
}
