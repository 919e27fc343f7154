package status

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestLimitsAreAsDocumented(t *testing.T) {
	const file = "../../deploy/docs/security.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		fmt.Sprintf("| a message of a condition or an Event | %d bytes", maxMessage),
		fmt.Sprintf("| %d at once, and %d a second after that |", namespaceBurst, namespacePerSecond),
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s lacks %q", file, want)
		}
	}
}
