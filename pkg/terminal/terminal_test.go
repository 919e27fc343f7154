package terminal

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// display is a terminal that knows the control sequences of a frame.
type display struct {
	columns  int
	cells    [][]rune
	row, col int
	scrolled int
}

func newDisplay(columns, rows int) *display {
	d := &display{columns: columns, cells: make([][]rune, rows)}
	for row := range d.cells {
		d.cells[row] = []rune(strings.Repeat("#", columns)) // what another program left
	}
	return d
}

func (d *display) write(text string) {
	for text != "" {
		for sequence, obey := range map[string]func(){
			home:       func() { d.row, d.col = 0, 0 },
			clearLine:  func() { d.clear(d.row, min(d.col, d.columns-1)) },
			clearBelow: func() { d.clearBelow() },
		} {
			if rest, found := strings.CutPrefix(text, sequence); found {
				obey()
				text = rest
			}
		}
		if text == "" || strings.HasPrefix(text, "\x1b") {
			continue
		}
		r := []rune(text)[0]
		text = text[len(string(r)):]
		if r == '\n' || d.col == d.columns {
			d.col = 0
			d.newRow()
		}
		if r != '\n' {
			d.cells[d.row][d.col] = r
			d.col++
		}
	}
}

func (d *display) newRow() {
	if d.row++; d.row == len(d.cells) {
		d.scrolled++
		d.row--
	}
}

func (d *display) clear(row, from int) {
	for col := from; col < d.columns; col++ {
		d.cells[row][col] = ' '
	}
}

func (d *display) clearBelow() {
	d.clear(d.row, min(d.col, d.columns-1))
	for row := d.row + 1; row < len(d.cells); row++ {
		d.clear(row, 0)
	}
}

// shows returns what stands on the display, without the rest of rows that end in spaces.
func (d *display) shows() string {
	var rows []string
	for _, row := range d.cells {
		rows = append(rows, strings.TrimRight(string(row), " "))
	}
	return strings.Join(rows, "|")
}

func TestFrame(t *testing.T) {
	for _, test := range []struct {
		name          string
		text          string
		columns, rows int
		want          string
	}{
		{"room to spare", "NAME VALUE\na 12\n", 12, 5, "NAME VALUE|a 12|||"},
		{"no room to spare", "a\nb\nc\n", 12, 4, "a|b|c|"},
		{"one line too many", "a\nb\nc\nd\n", 40, 4, "a|b|... 2 more lines: enlarge the terminal|"},
		{"many lines too many", strings.Repeat("a\n", 50), 40, 4, "a|a|... 48 more lines: enlarge the terminal|"},
		{"a full row", "NAME\n1234\nb\n", 4, 5, "NAME|1234|b||"},
		{"a long line", "NAME VALUE\na 123456\nb 2\n", 6, 8, "NAME V|ALUE|a 1234|56|b 2|||"},
		{"a long line of other characters", "▁▂▃▄▅▆▇█\nb\n", 5, 5, "▁▂▃▄▅|▆▇█|b||"},
		{"a long line is shown whole or not at all", "a\n123456\n", 4, 3, "a|...|"},
		{"the last line is the one too many", "a\nb\n1234567890123456789012345678901234567890x\n", 40, 4, "a|b|... 1 more line: enlarge the terminal|"},
		{"empty lines", "a\n\nb\n", 4, 5, "a||b||"},
		{"nothing", "", 4, 3, "||"},
		{"two rows", "a\nb\n", 40, 2, "... 2 more lines: enlarge the terminal|"},
		{"two rows for a line", "a\n", 40, 2, "a|"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := newDisplay(test.columns, test.rows)
			for _, text := range []string{strings.Repeat("x", 3*test.columns) + "\n" + strings.Repeat("y\n", 100), test.text} {
				d.write(Frame(text, test.columns, test.rows))
			}
			if got := d.shows(); got != test.want || d.scrolled > 0 {
				t.Errorf("shows %q and scrolled %d rows, want %q", got, d.scrolled, test.want)
			}
		})
	}
}

// TestFrameOfOneRow checks that the smallest terminal shows something, though it scrolls.
func TestFrameOfOneRow(t *testing.T) {
	if got := Frame("a\nb\n", 80, 1); !strings.Contains(got, "2 more lines") {
		t.Errorf("%q", got)
	}
}

func TestSizeOfNoTerminal(t *testing.T) {
	file, err := os.Create(t.TempDir() + "/file")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if _, _, ok := Size(file); ok {
		t.Error("a file is a terminal")
	}
	if _, _, ok := Size(&bytes.Buffer{}); ok {
		t.Error("a buffer is a terminal")
	}
}
