package pagetest

import (
	"reflect"
	"strings"
	"testing"
)

func TestParseBlocks(t *testing.T) {
	const page = "# A page\n\n```sh\nmake a \\\n  b=c\n\nmake d # e\n```\n\n1. First:\n\n   ```yaml\n   a:\n     b: c\n   ```\n"
	want := []Block{
		{Kind: "sh", Text: "make a \\\n  b=c\n\nmake d # e\n", Page: "page.md", Line: 3},
		{Kind: "yaml", Text: "a:\n  b: c\n", Page: "page.md", Line: 12},
	}
	got, err := parseBlocks("page.md", page)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("got %+v, %v, want %+v", got, err, want)
	}
	if commands, want := got[0].Commands(), []string{"make a \\\n  b=c", "make d # e"}; !reflect.DeepEqual(commands, want) {
		t.Errorf("commands %q, want %q", commands, want)
	}
}

func TestParseBlocksRefuses(t *testing.T) {
	for name, test := range map[string]struct{ page, want string }{
		"no kind":         {"\n```\nmake\n```\n", `page.md:2: a code block of kind ""`},
		"unknown kind":    {"```bash\nmake\n```\n", `kind "bash"`},
		"indented":        {"Run\n\n    make\n", "page.md:3: an indented code block"},
		"not closed":      {"```sh\nmake\n", "page.md:1: a code block that is not closed"},
		"command as text": {"```text\nmake\n```\n", "a command in a block of kind text"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := parseBlocks("page.md", test.page); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}
