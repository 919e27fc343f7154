package node

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	// prefix begins the name of everything that a run leaves to be removed.
	prefix = "redis-metrics-node-"
	// enclosureVariable tells a program that runs inside where it is.
	enclosureVariable = "REDIS_METRICS_NODE_ENCLOSURE"
	// requireVariable makes it a failure that a machine cannot have a node.
	requireVariable = "REQUIRE_NODE"
)

// Enclosure is where a node runs.
type Enclosure struct {
	// Dir holds data, kubeconfigs and logs. It is the same inside and outside, and goes with the enclosure.
	Dir string
	// Port is the API server's, on loopback, inside and outside.
	Port int
	// cgroup is above those of all containers.
	cgroup string
}

func newEnclosure(pid, port int) Enclosure {
	name := prefix + strconv.Itoa(pid)
	return Enclosure{Dir: filepath.Join(os.TempDir(), name), Port: port, cgroup: "/" + name}
}

func (e Enclosure) String() string { return fmt.Sprintf("%d,%s,%s", e.Port, e.cgroup, e.Dir) }

func parseEnclosure(text string) (Enclosure, error) {
	parts := strings.SplitN(text, ",", 3)
	if len(parts) != 3 {
		return Enclosure{}, fmt.Errorf("%s=%q is set by this program alone: unset it", enclosureVariable, text)
	}
	port, err := strconv.Atoi(parts[0])
	return Enclosure{Dir: parts[2], Port: port, cgroup: parts[1]}, err
}

// EncloseTests runs tests in an enclosure and returns their exit code. Where no node can run it says so in one line
// and leaves them out, unless $REQUIRE_NODE is set: then that is a failure.
func EncloseTests(tests func(Enclosure) int) int {
	code, err := Enclose(tests)
	var unsupported *UnsupportedError
	switch {
	case errors.As(err, &unsupported) && os.Getenv(requireVariable) == "":
		fmt.Println("the node tier was left out:", unsupported.Reason)
		return 0
	case err != nil:
		fmt.Fprintln(os.Stderr, "node:", err)
		return 1
	}
	return code
}

// UnsupportedError says that this machine cannot have a node.
type UnsupportedError struct{ Reason error }

func (e *UnsupportedError) Error() string { return "no node can run here: " + e.Reason.Error() }

// Unwrap returns the reason.
func (e *UnsupportedError) Unwrap() error { return e.Reason }
