package redisinfo

import (
	"bytes"
	"crypto/sha256"
	"runtime"
	"strings"
	"sync"
	"weak"
)

// Schemas holds the sequences of keys of replies. Servers of one version with a similar
// use share a sequence, which takes more memory than the values of a sample. A schema
// is forgotten once no reply uses it. Schemas is safe for concurrent use.
type Schemas struct {
	keep func(key string) bool

	mu    sync.Mutex
	known map[[sha256.Size]byte]weak.Pointer[schema] // by a hash of their lines

	names *names
}

// names are keys that schemas share: most servers have the same fields, but not all
// have the same schema. They are safe for concurrent use.
type names struct {
	mu     sync.Mutex
	shared map[string]string
}

// maxShared bounds the shared names, because a server can invent any. Redis has about
// 300 fields, and two for each of 500 commands.
const maxShared = 1 << 12

// NewSchemas returns Schemas of the fields for which keep is true, or of all if it is
// nil. Other fields are absent from an Info.
func NewSchemas(keep func(key string) bool) *Schemas {
	return (&Schemas{names: &names{shared: map[string]string{}}}).Keeping(keep)
}

// Keeping returns Schemas of other fields that share names with these.
func (l *Schemas) Keeping(keep func(key string) bool) *Schemas {
	return &Schemas{keep: keep, known: map[[sha256.Size]byte]weak.Pointer[schema]{}, names: l.names}
}

// keysIn returns the keys of a reply's lines, including headings of sections, and how
// many of them are fields.
func (n *names) keysIn(text []byte) (lines []string, fields int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for line := range bytes.Lines(text) {
		key, ok := keyOf(trimEnd(line))
		if !ok {
			continue
		}
		if len(lines) > maxLines {
			break
		}
		if !isSection(key) {
			fields++
		}
		lines = append(lines, n.share(key))
	}
	return lines, fields
}

// share returns the shared form of a key. The caller holds the lock.
func (n *names) share(key []byte) string {
	if shared, ok := n.shared[string(key)]; ok {
		return shared
	}
	kept := keyText(key)
	if len(n.shared) < maxShared && len(kept) == len(key) {
		n.shared[kept] = kept
	}
	return kept
}

// of returns the schema of lines.
func (l *Schemas) of(lines []string) *schema {
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	l.mu.Lock()
	defer l.mu.Unlock()
	if shared := l.known[sum].Value(); shared != nil {
		return shared
	}
	made := newSchema(lines, l.keep)
	l.known[sum] = weak.Make(made)
	runtime.AddCleanup(made, l.forget, sum)
	return made
}

// forget drops what has been collected.
func (l *Schemas) forget(sum [sha256.Size]byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known[sum].Value() == nil {
		delete(l.known, sum)
	}
}
