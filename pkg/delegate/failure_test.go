package delegate

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestFailuresAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../deploy/docs/coexistence.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, failure := range []Failure{
		Timeout, Unreachable, Untrusted, TokenRejected, NoToken, Invalid, TooLong, VersionNotServed, Overloaded, Refused,
	} {
		if row := fmt.Sprintf("\n| %s | %d | ", failure, answers[failure].code); !strings.Contains(string(page), row) {
			t.Errorf("the page has no row %q", row)
		}
	}
	text := strings.Join(strings.Fields(string(page)), " ")
	for _, bound := range []string{
		fmt.Sprintf("within %d s fails", int(requestTimeout.Seconds())),
		fmt.Sprintf("one attempt every %d s", int(openFor.Seconds())),
		fmt.Sprintf("At most %d requests", requestsAtMost),
		fmt.Sprintf("A response may have at most %d MiB", bodyBytes>>20),
		fmt.Sprintf("more than %d MiB or 10,000 metrics", listBytes>>20),
	} {
		if !strings.Contains(text, bound) {
			t.Errorf("the page does not say %q", bound)
		}
	}
}
