package bench

import (
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"testing"
	"time"

	"github.com/redis/go-redis/v9/logging"

	"github.com/redis-metrics/redis-metrics-adapter/hack/backend"
	"github.com/redis-metrics/redis-metrics-adapter/hack/measure"
)

// output is the directory for JSON files and profiles.
const output = "../../_output/bench"

// TestMain is also how the delegate is started.
func TestMain(m *testing.M) {
	if backend.Started() {
		fmt.Fprintln(os.Stderr, "backend:", backend.Serve())
		os.Exit(1)
	}
	logging.Disable() // go-redis logs each connection that ends
	m.Run()
}

func BenchmarkAdapter(b *testing.B) {
	makeOutput(b)
	b.Run("sample", measureSample)
	b.Run("reaction", measureReaction)
	b.Run("api", measureAPI)
	b.Run("isolation", measureIsolation)
	b.Run("delegate", measureDelegateFaults)
	b.Run("scale", measureScale)
}

func makeOutput(b *testing.B) {
	b.Helper()
	check(b, os.MkdirAll(output, 0o755))
}

// newTable returns a table that is printed and written when the part ends, and fails it where a limit is missed.
func newTable(b *testing.B) *measure.Table {
	b.Helper()
	table := &measure.Table{}
	b.Cleanup(func() {
		part := path.Base(b.Name())
		table.Print(os.Stdout, part)
		text, err := json.MarshalIndent(table.Figures, "", "  ")
		check(b, err)
		check(b, os.WriteFile(filepath.Join(output, part+".json"), append(text, '\n'), 0o644))
		for _, missed := range table.Missed() {
			b.Error(missed)
		}
	})
	return table
}

func check(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format("15:04:05 ")+format+"\n", args...)
}

// bin returns the path of a built program.
func bin(b *testing.B, name string) string {
	b.Helper()
	program, err := filepath.Abs(filepath.Join(os.Getenv("BIN_DIR"), name))
	check(b, err)
	return program
}
