package peers

import (
	"debug/buildinfo"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
)

// peer is one way of a metric from Redis to the HPA controller.
type peer interface {
	// name is what the tables call it.
	name() string
	// configuration says in a few words what a setting of it is.
	configuration(setting) string
	// metrics are those that it has.
	metrics() []metric
	// window is what it takes a rate over.
	window(setting) time.Duration
	// manifests are the objects that a user writes for a workload, and configures what is added to files of
	// configuration: once for all workloads, and for each Redis. Both are YAML.
	manifests(workload) string
	configures(workload) (once, each string)
	// path is where the API server serves the metric of a workload to the HPA controller.
	path(workload) string
	// start starts the programs that serve no workload yet, and watch makes the peer serve more workloads, or the same
	// in another setting.
	start(*testing.B, *plane)
	watch(*testing.B, []workload)
}

// program is a process of a peer.
type program struct {
	*cluster.Process
	name, version, origin string
}

// setting is how a peer is configured.
type setting string

const (
	// recommended is what the peer's documentation recommends, or its default where that recommends nothing.
	recommended setting = "recommended"
	// fastest is the fastest that it allows.
	fastest setting = "fastest"
	// fresh serves values that are 5 s old at most.
	fresh setting = "5s"
)

// metric is what a workload is scaled by.
type metric string

const (
	// requests are those per second, and jobs are the elements of a list.
	requests metric = "requests"
	jobs     metric = "jobs"
)

// binary returns the path of a program that make bench-peers builds or fetches.
func binary(b *testing.B, name string) string {
	b.Helper()
	path, err := filepath.Abs(filepath.Join(os.Getenv("BIN_DIR"), name))
	if err != nil {
		b.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		b.Fatalf("%s is missing, run \"make bench-peers\": %v", name, err)
	}
	return path
}

// run starts a program of the peer.
func (p *plane) run(b *testing.B, version, origin string, run cluster.Program) *cluster.Process {
	b.Helper()
	process, err := p.StartProgram(b.Context(), run)
	if err != nil {
		b.Fatal(err)
	}
	p.programs = append(p.programs, program{process, run.Name, strings.TrimPrefix(version, "v"), origin})
	return process
}

// runModule starts a program of the peer that is built from a Go module.
func (p *plane) runModule(b *testing.B, module string, run cluster.Program) *cluster.Process {
	b.Helper()
	info, err := buildinfo.ReadFile(run.Path)
	if err != nil {
		b.Fatal(err)
	}
	version := ""
	for _, dependency := range append(info.Deps, &info.Main) {
		if dependency.Path == module {
			version = dependency.Version
		}
	}
	return p.run(b, version, "Go module "+module, run)
}

func writeFile(b *testing.B, path, text string) {
	b.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
}

func freePort(b *testing.B) int {
	b.Helper()
	port, err := cluster.FreePort()
	if err != nil {
		b.Fatal(err)
	}
	return port
}

func freeAddress(b *testing.B) string {
	b.Helper()
	return fmt.Sprintf("127.0.0.1:%d", freePort(b))
}
