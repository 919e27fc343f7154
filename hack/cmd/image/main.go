// Command image writes the adapter's image into a file, without a container engine.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"

	"github.com/redis-metrics/redis-metrics-adapter/hack/image"
)

func main() {
	name := flag.String("name", "redis-metrics-adapter:dev", "name and tag of the image")
	binary := flag.String("binary", "", "the adapter, built static for Linux")
	architecture := flag.String("architecture", runtime.GOARCH, "the one of the binary, as Go calls it")
	version := flag.String("version", "unknown", "what the image says of its version")
	output := flag.String("output", "", "the file to write, in the format of docker save")
	flag.Parse()
	if *binary == "" || *output == "" {
		flag.Usage()
		os.Exit(2)
	}
	if err := image.Adapter(*name, *binary, *architecture, *version).Save(*output); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
	fmt.Printf("%s holds %s for linux/%s\n", *output, *name, *architecture)
}
