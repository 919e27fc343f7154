package redisinfo

import (
	"runtime"
	"strings"
	"sync"
	"testing"
)

func TestServersThatAreAlikeShareALayout(t *testing.T) {
	layouts := NewSchemas(func(key string) bool { return !strings.HasPrefix(key, "dropped") })
	parse := func(text string) *Info {
		p := Parser{Layouts: layouts}
		info, err := p.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return info
	}
	one, other := parse("a:1\r\ndropped:2\r\nb:3\r\n"), parse("a:40\r\ndropped:5\r\nb:6\r\n")
	if one.schema != other.schema {
		t.Error("answers with the same keys have layouts of their own")
	}
	for _, text := range []string{"a:1\r\nb:3\r\n", "b:3\r\ndropped:2\r\na:1\r\n", "a:1\r\ndropped:2\r\n"} {
		if parse(text).schema == one.schema {
			t.Errorf("%q has the layout of an answer with other keys", text)
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

func TestLayoutsWithoutAnswersAreForgotten(t *testing.T) {
	layouts := NewSchemas(nil)
	var parsing sync.WaitGroup
	for _, key := range []string{"a", "b", "c", "d"} {
		parsing.Go(func() {
			p := Parser{Layouts: layouts}
			if _, err := p.Parse([]byte(key + ":1\r\n")); err != nil {
				t.Error(err)
			}
		})
	}
	parsing.Wait()
	left := func() int {
		layouts.mu.Lock()
		defer layouts.mu.Unlock()
		return len(layouts.known)
	}
	for range 1000 {
		if left() == 0 {
			return
		}
		runtime.GC() // what it finds is cleaned up by another goroutine
	}
	t.Errorf("%d layouts are left that no answer has", left())
}
