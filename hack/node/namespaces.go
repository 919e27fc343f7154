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
	// namespacesVariable tells a program that runs inside where it is.
	namespacesVariable = "REDIS_METRICS_NODE_NAMESPACES"
	// requireVariable makes it a failure that a machine cannot have a node.
	requireVariable = "REQUIRE_NODE"
)

// Namespaces is where a node runs.
type Namespaces struct {
	// Dir holds data, kubeconfigs and logs. It is the same inside and outside, and is removed with them.
	Dir string
	// Port is the API server's, on loopback, inside and outside.
	Port int
	// cgroup is above those of all containers.
	cgroup string
}

func newNamespaces(pid, port int) Namespaces {
	name := prefix + strconv.Itoa(pid)
	return Namespaces{Dir: filepath.Join(os.TempDir(), name), Port: port, cgroup: "/" + name}
}

func (e Namespaces) String() string { return fmt.Sprintf("%d,%s,%s", e.Port, e.cgroup, e.Dir) }

func parseNamespaces(text string) (Namespaces, error) {
	parts := strings.SplitN(text, ",", 3)
	if len(parts) != 3 {
		return Namespaces{}, fmt.Errorf("%s=%q is set by this program alone: unset it", namespacesVariable, text)
	}
	port, err := strconv.Atoi(parts[0])
	return Namespaces{Dir: parts[2], Port: port, cgroup: parts[1]}, err
}

// RunTests runs tests in namespaces of their own and returns their exit code. Where no node can run it says so in one line
// and leaves them out, unless $REQUIRE_NODE is set: then that is a failure.
func RunTests(tests func(Namespaces) int) int {
	code, err := Run(tests)
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
