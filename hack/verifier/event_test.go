package verifier

import (
	"errors"
	"fmt"
	"testing"

	"github.com/redis/go-redis/v9"
)

func TestSlot(t *testing.T) {
	for key, want := range map[string]int{"123456789": 0x31C3, "foo": 12182, "{foo}.bar": 12182} {
		if got := Slot(key); got != want {
			t.Errorf("%s is in slot %d, want %d", key, got, want)
		}
	}
	for key, want := range map[string]int{"foo": 2, "{foo}.bar": 2} {
		if got := Shard(key); got != want {
			t.Errorf("%s is in shard %d, want %d", key, got, want)
		}
	}
}

type refusal string

func (r refusal) Error() string { return string(r) }
func (refusal) RedisError()     {}

func TestWhatAnAnswerTells(t *testing.T) {
	for name, test := range map[string]struct {
		command []any
		err     error
		what    outcome
		event   map[Event]int64
	}{
		"a key that is there":       {[]any{"get", "a"}, nil, done, map[Event]int64{Requests: 1, Gets: 1, Hits: 1}},
		"a key that is not":         {[]any{"get", "a"}, redis.Nil, done, map[Event]int64{Requests: 1, Gets: 1, Misses: 1}},
		"of another type":           {[]any{"hget", "a", "b"}, refusal("WRONGTYPE no hash"), faulty, map[Event]int64{Requests: 1, Failed: 1, Hits: 1}},
		"wrong arguments":           {[]any{"strlen", "a", "b"}, refusal("ERR wrong number"), rejected, map[Event]int64{Rejected: 1}},
		"refused for another cause": {[]any{"set", "a", 1}, refusal("OOM"), rejected, map[Event]int64{}},
		"an entry that was there":   {[]any{"xadd", EventStream, "1-1", "n", 1}, refusal("ERR " + alreadyThere), faulty, map[Event]int64{Requests: 1}},
		"an entry of the log":       {[]any{"xadd", Log, "*", "n", 1}, nil, done, map[Event]int64{Requests: 1, Entries: 1}},
		"a script":                  {[]any{"eval", "return 1", 1, "a"}, nil, done, map[Event]int64{Requests: 1, Scripts: 1, ComputedMicroseconds: scriptMicroseconds}},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := redis.NewCmd(t.Context(), test.command...)
			cmd.SetErr(test.err)
			if got := outcomeOf(cmd); got != test.what {
				t.Fatalf("the outcome is %d, want %d", got, test.what)
			}
			got := (&Load{}).toldBy(test.command, cmd, test.what)
			for kind := range FirstShard {
				if kind != Misses && kind != Hits && kind != SentBytes && got[kind] != test.event[kind] {
					t.Errorf("event %d is there %d times, want %d", kind, got[kind], test.event[kind])
				}
			}
			if name := fmt.Sprint(test.command[0]); name == "get" && (got[Hits] != test.event[Hits] || got[Misses] != test.event[Misses]) {
				t.Errorf("%d hits and %d misses", got[Hits], got[Misses])
			}
		})
	}
	cmd := redis.NewCmd(t.Context(), "get", "a")
	cmd.SetErr(errors.New("connection reset"))
	if got := outcomeOf(cmd); got != inDoubt {
		t.Errorf("the outcome of a lost connection is %d, want %d", got, inDoubt)
	}
}
