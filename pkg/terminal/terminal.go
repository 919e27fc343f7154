// Package terminal shows texts on a terminal, each in place of the one before, like top and watch.
//
// It owns the control sequences, and how a text fits the size of the terminal. In flow texts, out flow texts with
// control sequences, which the caller writes. It keeps nothing, cannot fail, and is safe for concurrent use.
package terminal

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"
)

// Control sequences. Source: ECMA-48, and for the cursor the VT220.
const (
	HideCursor = "\x1b[?25l"
	ShowCursor = "\x1b[?25h"
	home       = "\x1b[H"
	clearLine  = "\x1b[K"
	clearBelow = "\x1b[J"
)

// Size returns the size of the terminal to which w writes. ok is false if w does not write to a terminal, or to one
// without control sequences.
func Size(w io.Writer) (columns, rows int, ok bool) {
	file, isFile := w.(*os.File)
	if !isFile || os.Getenv("TERM") == "dumb" {
		return 0, 0, false
	}
	columns, rows, err := term.GetSize(int(file.Fd()))
	return columns, rows, err == nil && columns > 0 && rows > 0
}

// Frame returns the sequences that make a terminal show a text in place of the one before, without scrolling. A line
// that is too long continues in the next row, and is shown completely or not at all, because a part of a number is a
// wrong number. If lines do not fit, the last row says how many.
func Frame(text string, columns, rows int) string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	room := max(1, rows-1) // the cursor ends up in the last row
	var shown []string
	for i, line := range lines {
		wrapped := wrap(line, columns)
		needed := len(wrapped)
		if i < len(lines)-1 {
			needed++ // for the next line, or for the number of those left out
		}
		if len(shown)+needed > room {
			shown = append(shown, leftOut(len(lines)-i, columns))
			break
		}
		shown = append(shown, wrapped...)
	}
	// A row is cleared before it is written: after its last column, clearing would take that column.
	return home + clearLine + strings.Join(shown, "\n"+clearLine) + "\n" + clearBelow
}

// wrap splits a line into rows.
func wrap(line string, columns int) []string {
	rows := []string{}
	for row := range slices.Chunk([]rune(line), columns) {
		rows = append(rows, string(row))
	}
	if len(rows) == 0 {
		return []string{""}
	}
	return rows
}

func leftOut(lines, columns int) string {
	text := fmt.Sprintf("... %d more lines: enlarge the terminal", lines)
	if lines == 1 {
		text = "... 1 more line: enlarge the terminal"
	}
	return text[:min(len(text), columns)]
}
