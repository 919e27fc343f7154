// Package pagetest compares the generated tables of the documentation, and other
// generated files, with the code that makes them. With the flag -update, which make
// generate sets, it writes them instead. Only tests use it.
package pagetest

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table into the documentation")

// Updating reports whether a test should write the documentation that it generates.
func Updating() bool { return *update }

// Table fails a test unless a page has a table between the comments with its name.
func Table(t testing.TB, page, name, table string) {
	t.Helper()
	begin, end := "<!-- "+name+": written by make generate -->\n", "<!-- end of "+name+" -->\n"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), begin)
	written, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("%s has no place for the table between %q and %q", page, begin, end)
	}
	if written == table {
		return
	}
	if !*update {
		t.Fatalf("the table of %s in %s is out of date; run: make generate", name, page)
	}
	if err := os.WriteFile(page, []byte(before+begin+table+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// File fails a test unless a file has the given text.
func File(t testing.TB, path, text string) {
	t.Helper()
	written, err := os.ReadFile(path)
	if err == nil && string(written) == text {
		return
	}
	if !*update {
		t.Fatalf("%s is out of date; run: make generate", path)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
