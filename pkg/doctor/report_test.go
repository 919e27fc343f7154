package doctor

import (
	"strings"
	"testing"
)

func TestWrite(t *testing.T) {
	report := Report{Checks: []Check{
		HopAPI.ok("All is well."),
		HopRedis.warning(WarmingUp, "kubectl describe redis a", "It is %s.", "new"),
		HopValue.failure(RedisNotFound, "kubectl get redis", "There is none."),
	}}
	const want = `Metrics API
  ok        All is well.

Redis
  warning   It is new. [WarmingUp]
            fix: Wait two intervals, as the command does.
            run: kubectl describe redis a

Value
  failure   There is none. [RedisNotFound]
            fix: Create it there: an HPA only reads objects of its own namespace. Or have the HPA describe another object, as the command does: replace NAME with a name that kubectl get redis lists.
            run: kubectl get redis

ok 1, warning 1, failure 1, unknown 0. First: RedisNotFound.
`
	var plain, coloured strings.Builder
	if err := report.Write(&plain, false); err != nil || plain.String() != want {
		t.Errorf("%v\n%s\nwant\n%s", err, plain.String(), want)
	}
	if err := report.Write(&coloured, true); err != nil {
		t.Fatal(err)
	}
	without := coloured.String()
	for _, sequence := range []string{"\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[0m"} {
		if !strings.Contains(without, sequence) {
			t.Errorf("no sequence %q", sequence)
		}
		without = strings.ReplaceAll(without, sequence, "")
	}
	if without != want {
		t.Errorf("without colour it is\n%s", without)
	}
}

// TestSentence checks that what others write stays on one line.
func TestSentence(t *testing.T) {
	if got := sentence("a\n  b\tc."); got != "a b c" {
		t.Errorf("%q", got)
	}
}
