package pagetest

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// Block is a fenced code block of a page.
type Block struct {
	// Kind is the word after the opening fence. It says how the block is tested:
	//
	//	sh     commands of a shell
	//	yaml   manifests; one that begins with spec is a part of a Redis object
	//	redis  commands of Redis
	//	args   arguments of the adapter
	//	text   what nobody runs: output, a diagram, a pattern
	Kind string
	Text string
	Page string
	Line int // of the opening fence
}

func (b Block) String() string { return fmt.Sprintf("%s:%d", b.Page, b.Line) }

// Commands returns the commands of a block of kind sh or redis, each with its
// continuation lines.
func (b Block) Commands() []string {
	var commands []string
	continued := false
	for line := range strings.SplitSeq(strings.TrimSuffix(b.Text, "\n"), "\n") {
		if continued {
			commands[len(commands)-1] += "\n" + line
		} else if line != "" {
			commands = append(commands, line)
		}
		continued = strings.HasSuffix(line, "\\")
	}
	return commands
}

// Blocks returns the code blocks of a page. It fails a test for a block without a kind,
// and for one that is indented instead of fenced.
func Blocks(t testing.TB, page string) []Block {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	blocks, err := parseBlocks(page, string(text))
	if err != nil {
		t.Fatal(err)
	}
	return blocks
}

func parseBlocks(page, text string) ([]Block, error) {
	var blocks []Block
	var open *Block
	indent, blank := "", true
	for i, line := range strings.Split(text, "\n") {
		trimmed := strings.TrimLeft(line, " ")
		kind, isFence := strings.CutPrefix(trimmed, "```")
		switch {
		case open != nil && isFence && kind == "":
			blocks = append(blocks, *open)
			open = nil
		case open != nil:
			open.Text += strings.TrimPrefix(line, indent) + "\n"
		case isFence:
			open = &Block{Kind: kind, Page: page, Line: i + 1}
			indent = strings.TrimSuffix(line, trimmed)
			switch kind {
			case "sh", "yaml", "redis", "args", "text":
			default:
				return nil, fmt.Errorf("%s: a code block of kind %q: write sh, yaml, redis, args or text after the fence", open, kind)
			}
		case blank && strings.HasPrefix(line, "    "):
			return nil, fmt.Errorf("%s:%d: an indented code block: use fences", page, i+1)
		}
		blank = trimmed == ""
	}
	if open != nil {
		return nil, fmt.Errorf("%s: a code block that is not closed", open)
	}
	for _, block := range blocks {
		if block.Kind == "text" {
			for line := range strings.SplitSeq(block.Text, "\n") {
				switch program, _, _ := strings.Cut(line, " "); program {
				case "make", "kubectl", "helm":
					return nil, fmt.Errorf("%s: a command in a block of kind text", block)
				}
			}
		}
	}
	return blocks, nil
}
