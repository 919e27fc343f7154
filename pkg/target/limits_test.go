package target

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/expression"
)

// TestLimitsAreAsDocumented compares the document, and the schema, with the code.
func TestLimitsAreAsDocumented(t *testing.T) {
	for file, sentences := range map[string][]string{
		"../../deploy/docs/security.md": {
			fmt.Sprintf("| one expression | %d bytes", expression.MaxLength),
			fmt.Sprintf("| the expressions of one namespace | %d KiB, and %d KiB compiled in a second after that; each counts with its length and %d bytes",
				formulasPerNamespace>>10, formulasPerSecond>>10, formulaCharge),
			fmt.Sprintf("| all expressions | %d KiB", formulasInAll>>10),
		},
		"../../deploy/base/crd/redis-metrics.dev_redises.yaml": {fmt.Sprintf("maxLength: %d\n", expression.MaxLength)},
	} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, sentence := range sentences {
			if !strings.Contains(string(text), sentence) {
				t.Errorf("%s lacks %q", file, sentence)
			}
		}
	}
}
