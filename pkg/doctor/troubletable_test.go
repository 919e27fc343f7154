package doctor

import (
	"strings"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/pagetest"
)

func TestTroubleTable(t *testing.T) {
	for name, table := range Markdown() {
		pagetest.Table(t, "../../deploy/docs/troubleshooting.md", name, table)
	}
}

// TestTroublesAreRecognizedByTheirSymptoms holds that the page quotes what a trouble is recognized by.
func TestTroublesAreRecognizedByTheirSymptoms(t *testing.T) {
	for _, row := range troubles() {
		if row.cause == "" || row.fix == "" || row.symptom == "" {
			t.Errorf("%s is not explained: %+v", row.code, row)
		}
		if !strings.Contains(row.symptom, row.says) {
			t.Errorf("%s is recognized by %q, which its symptom does not quote: %s", row.code, row.says, row.symptom)
		}
	}
}
