// Command redis-metrics-adapter serves metrics of Redis through the custom
// metrics API of Kubernetes.
package main

import (
	"fmt"
	"os"

	"github.com/redis-metrics/redis-metrics-adapter/cmd/redis-metrics-adapter/app"
)

// version is set by the linker.
var version = "unknown"

func main() {
	if err := app.Main(os.Args[1:], version, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "redis-metrics-adapter:", err)
		os.Exit(1)
	}
}
