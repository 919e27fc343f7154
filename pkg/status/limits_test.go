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
	if want := fmt.Sprintf("| a message of a condition or an Event | %d bytes", maxMessage); !strings.Contains(string(text), want) {
		t.Errorf("%s lacks %q", file, want)
	}
}
