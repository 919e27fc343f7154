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

func (n Namespaces) String() string { return fmt.Sprintf("%d,%s,%s", n.Port, n.cgroup, n.Dir) }

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
	switch {
	case errors.Is(err, errUnsupported) && os.Getenv(requireVariable) == "":
		fmt.Println("the node tier was left out:", err)
		return 0
	case err != nil:
		fmt.Fprintln(os.Stderr, "node:", err)
		return 1
	}
	return code
}

// errUnsupported is that this machine cannot have a node.
var errUnsupported = errors.New("no node can run here")
