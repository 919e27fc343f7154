// Package githooks holds no code but the tests of .githooks, which "make hooks"
// activates.
package githooks

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestCommitMessages(t *testing.T) {
	for name, test := range map[string]struct {
		message string
		refusal string // empty if the message is taken
	}{
		"a good one":           {"Bound the dials of a namespace\n\nNothing did.\n", ""},
		"subject alone":        {"Bound the dials of a namespace\n", ""},
		"72 characters":        {"A" + strings.Repeat("b", 71) + "\n", ""},
		"73 characters":        {"A" + strings.Repeat("b", 72) + "\n", "has 73 characters"},
		"small letter":         {"bound the dials\n", "capital letter"},
		"full stop":            {"Bound the dials.\n", "full stop"},
		"no empty line":        {"Bound the dials\nof a namespace\n", "second line"},
		"comments left by git": {"# Please enter\nBound the dials\n# On branch main\n", ""},
		"to be squashed":       {"fixup! bound the dials.\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "message")
			if err := os.WriteFile(file, []byte(test.message), 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := exec.CommandContext(t.Context(), "../../.githooks/commit-msg", file).CombinedOutput()
			if refused := err != nil; refused != (test.refusal != "") || !strings.Contains(string(out), test.refusal) {
				t.Errorf("%v: %s, want %q", err, out, test.refusal)
			}
		})
	}
}
