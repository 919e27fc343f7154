package deploy

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/pagetest"
)

// readmeWords is how many words a newcomer has to read at most.
const readmeWords = 1300

func TestReadmeIsShort(t *testing.T) {
	if words := len(strings.Fields(read(t, "../README.md"))); words > readmeWords {
		t.Errorf("README.md has %d words, want at most %d", words, readmeWords)
	}
}

// link matches a link of Markdown that leads to a file or a heading.
var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

func TestLinksOfTheDocsLeadSomewhere(t *testing.T) {
	links := 0
	for _, page := range everyPage(t) {
		for _, match := range link.FindAllStringSubmatch(read(t, page), -1) {
			if strings.Contains(match[1], "://") {
				continue
			}
			links++
			file, anchor, _ := strings.Cut(match[1], "#")
			to := page
			if file != "" {
				to = filepath.Join(filepath.Dir(page), file)
			}
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s links to %s: %v", page, match[1], err)
			} else if anchor != "" && !anchors(read(t, to))[anchor] {
				t.Errorf("%s links to %s, and there is no such heading", page, match[1])
			}
		}
	}
	if links < 20 {
		t.Errorf("%d links", links)
	}
}

// TestDocsAreLinked checks that links lead from README.md to every page.
func TestDocsAreLinked(t *testing.T) {
	readme := read(t, "../README.md")
	for _, page := range pages(t)[1:] {
		if !strings.Contains(readme, "(deploy/"+page+")") {
			t.Errorf("README.md does not link deploy/%s", page)
		}
	}
}

// TestCodeBlocksSayWhatTheyAre checks what the end-to-end test of the documentation, which runs them, relies on.
func TestCodeBlocksSayWhatTheyAre(t *testing.T) {
	for _, page := range everyPage(t) {
		pagetest.Blocks(t, page)
	}
}

// everyPage returns all pages that are written for users and contributors.
func everyPage(t *testing.T) []string {
	t.Helper()
	return append(pages(t), "README.md", "../pkg/README.md", "../hack/README.md",
		"../.github/CONTRIBUTING.md", "../.github/SECURITY.md")
}

// pages returns README.md and the pages of docs.
func pages(t *testing.T) []string {
	t.Helper()
	docs, err := filepath.Glob("docs/*.md")
	if err != nil || len(docs) == 0 {
		t.Fatalf("deploy/docs has %d pages, %v", len(docs), err)
	}
	return append([]string{"../README.md"}, docs...)
}

// anchors returns the names by which the headings of a page can be linked.
// Source: https://docs.github.com/en/get-started/writing-on-github/getting-started-with-writing-and-formatting-on-github/basic-writing-and-formatting-syntax#section-links
func anchors(page string) map[string]bool {
	found := map[string]bool{}
	for line := range strings.Lines(page) {
		heading, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " ")
		if !ok || !strings.HasPrefix(line, "#") {
			continue
		}
		heading = strings.ToLower(strings.TrimSpace(heading))
		heading = regexp.MustCompile("[^a-z0-9 _-]").ReplaceAllString(heading, "")
		found[strings.ReplaceAll(heading, " ", "-")] = true
	}
	return found
}
