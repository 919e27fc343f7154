package mutants

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Write writes results to a directory, as JSON and as a table in Markdown.
func Write(dir string, results []Result) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	text, err := json.MarshalIndent(results, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "mutants.json"), append(text, '\n'), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "mutants.md"), []byte(Markdown(results)), 0o644)
}

// Markdown returns results as a table.
func Markdown(results []Result) string {
	var b strings.Builder
	b.WriteString("| Patch | Bug | Caught by | Seconds |\n|---|---|---|---|\n")
	cell := strings.NewReplacer("|", "\\|", "\n", " ").Replace
	for _, r := range results {
		verdict := r.CaughtBy
		if r.Problem != "" {
			verdict = "**not caught: " + r.Problem + "**"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %.0f |\n", r.Name, cell(r.Bug), cell(verdict), r.Seconds)
	}
	return b.String()
}

// Survivors returns how many were not caught.
func Survivors(results []Result) int {
	survivors := 0
	for _, r := range results {
		if r.Problem != "" {
			survivors++
		}
	}
	return survivors
}
