package doctor

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/pagetest"
)

func TestTroubleTable(t *testing.T) {
	for name, rows := range map[string][]trouble{"hpa": troublesOfHPAs(), "objects": troublesOfObjects(), "api": troublesOfTheAPI()} {
		table := "| Symptom | Cause | Fix | Code |\n|---|---|---|---|\n"
		for _, row := range rows {
			table += fmt.Sprintf("| %s | %s | %s | `%s` |\n", row.symptom, row.cause, row.fix, row.code)
		}
		pagetest.Table(t, "../../deploy/docs/troubleshooting.md", name, table)
	}
}

// TestTroublesAreRecognizedByTheirSymptoms checks that the page quotes what a trouble is recognized by.
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

func TestEveryCodeIsExplained(t *testing.T) {
	source, err := os.ReadFile("troubletable.go")
	if err != nil {
		t.Fatal(err)
	}
	codes := regexp.MustCompile(`(?m)^\t\w+ +Code = "(\w+)"$`).FindAllStringSubmatch(string(source), -1)
	if len(codes) < 45 {
		t.Errorf("%d codes", len(codes))
	}
	for _, code := range codes {
		if fixOf(Code(code[1])) == "" {
			t.Errorf("code %s has no row", code[1])
		}
	}
}
