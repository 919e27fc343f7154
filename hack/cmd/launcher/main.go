// Command launcher starts a program with a wall clock and host names of its own: see package launcher.
package main

import (
	"fmt"
	"os"
	"runtime"

	"github.com/redis-metrics/redis-metrics-adapter/hack/launcher"
)

// The first thread becomes the program.
func init() { runtime.LockOSThread() }

func main() {
	fmt.Fprintln(os.Stderr, "launcher:", launcher.Main(os.Args[1:]))
	os.Exit(1)
}
