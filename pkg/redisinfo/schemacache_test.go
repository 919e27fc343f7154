package redisinfo

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"unsafe"
)

func TestServersThatAreAlikeShareALayout(t *testing.T) {
	schemas := NewSchemas(func(key string) bool { return !strings.HasPrefix(key, "dropped") })
	parse := func(text string) *Info {
		p := Parser{Schemas: schemas}
		info, err := p.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return info
	}
	one, other := parse("a:1\r\ndropped:2\r\nb:3\r\n"), parse("a:40\r\ndropped:5\r\nb:6\r\n")
	if one.schema != other.schema {
		t.Error("answers with the same keys have schemas of their own")
	}
	for _, text := range []string{"a:1\r\nb:3\r\n", "b:3\r\ndropped:2\r\na:1\r\n", "a:1\r\ndropped:2\r\n"} {
		if parse(text).schema == one.schema {
			t.Errorf("%q has the schema of an answer with other keys", text)
		}
	}
	for _, c := range []struct {
		info *Info
		a, b int64
	}{{one, 1, 3}, {other, 40, 6}} {
		a, errA := c.info.Int("a")
		b, errB := c.info.Int("b")
		if errA != nil || errB != nil || a != c.a || b != c.b {
			t.Errorf("a = %d, %v and b = %d, %v; want %d and %d", a, errA, b, errB, c.a, c.b)
		}
		if _, err := c.info.Text("dropped"); err == nil {
			t.Error("a field is there that is not kept")
		}
	}
}

func TestSchemasWithoutAnswersAreForgotten(t *testing.T) {
	schemas := NewSchemas(nil)
	var parsing sync.WaitGroup
	for _, key := range []string{"a", "b", "c", "d"} {
		parsing.Go(func() {
			p := Parser{Schemas: schemas}
			if _, err := p.Parse([]byte(key + ":1\r\n")); err != nil {
				t.Error(err)
			}
		})
	}
	parsing.Wait()
	left := func() int {
		schemas.mu.Lock()
		defer schemas.mu.Unlock()
		return len(schemas.known)
	}
	for range 1000 {
		if left() == 0 {
			return
		}
		runtime.GC() // what it finds is cleaned up by another goroutine
	}
	t.Errorf("%d schemas are left that no answer has", left())
}

func TestNamesAreSharedUpToANumber(t *testing.T) {
	all := NewSchemas(nil)
	parse := func(schemas *Schemas, text string) *Info {
		p := Parser{Schemas: schemas}
		info, err := p.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return info
	}
	one, other := parse(all, "used_memory:1\r\n"), parse(all.Keeping(nil), "role:master\r\nused_memory:2\r\n")
	if unsafe.StringData(one.schema.lines[0]) != unsafe.StringData(other.schema.lines[1]) {
		t.Error("a name is kept twice")
	}
	var flood strings.Builder
	for n := range maxLines {
		fmt.Fprintf(&flood, "made_up_%d:1\r\n", n)
	}
	if got := parse(all, flood.String()); len(got.schema.lines) != maxLines || got.schema.lines[maxLines-1] != fmt.Sprintf("made_up_%d", maxLines-1) {
		t.Errorf("%d names are kept of %d", len(got.schema.lines), maxLines)
	}
	if got := len(all.names.shared); got != maxShared {
		t.Errorf("%d names are shared, want %d", got, maxShared)
	}
}

// The hash table takes two to four places a key: of so many keys, just three.
func TestSizeIsWhatAnAnswerTakes(t *testing.T) {
	var text strings.Builder
	names := 0
	const fields = 341
	for n := range fields {
		names += len(fmt.Sprintf("f%d", n))
		fmt.Fprintf(&text, "f%d:xx\r\n", n)
	}
	info, err := new(Parser).Parse([]byte(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := info.Size(), len(info.values)+int(unsafe.Sizeof(info.ends[0]))*len(info.ends); got != want {
		t.Errorf("the values take %d bytes, want %d", got, want)
	}
	s := info.schema
	want := names + int(unsafe.Sizeof(""))*(len(s.lines)+len(s.keys)) + len(s.dropped) + int(unsafe.Sizeof(s.slots[0]))*(len(s.sorted)+len(s.slots))
	if got := info.KeysSize(); got < want-fields || got > want+fields {
		t.Errorf("the keys take %d bytes, want %d", got, want)
	}
	if got := new(Info).KeysSize(); got != 0 {
		t.Errorf("no keys take %d bytes", got)
	}
}

// BenchmarkChangingKeys reads the most names that an answer may have, new ones each time: what one server of a tenant
// costs all.
func BenchmarkChangingKeys(b *testing.B) {
	p := Parser{Schemas: NewSchemas(nil)}
	text := func(n int) []byte {
		var t strings.Builder
		for line := range maxLines {
			fmt.Fprintf(&t, "cmdstat_%d_%d:calls=1\r\n", n, line)
		}
		return []byte(t.String())
	}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		b.StopTimer()
		answer := text(n)
		b.StartTimer()
		if _, err := p.Parse(answer); err != nil {
			b.Fatal(err)
		}
	}
}
