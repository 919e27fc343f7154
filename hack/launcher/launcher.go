package launcher

import (
	"os"
	"time"
)

// HostsCached is how long Go's resolver goes by what it read from /etc/hosts.
// Source: cacheMaxAge in net/hosts.go of Go's standard library.
const HostsCached = 5 * time.Second

// requireVariable makes it a failure that a machine cannot launch programs.
const requireVariable = "REQUIRE_LAUNCHER"

// LeftOut returns why what needs the launcher is to be left out on this machine, nil where programs can be launched.
// Where $REQUIRE_LAUNCHER is set nothing is: it fails, and says why.
func LeftOut() error {
	if os.Getenv(requireVariable) != "" {
		return nil
	}
	return supported()
}

// Options say what a program shall have of its own.
type Options struct {
	// Clock is the path of a [Clock]. Default: the machine's clock.
	Clock string
	// Hosts is the path of what is at /etc/hosts, of a [Hosts] for instance. Default: the machine's.
	Hosts string
}

const separator = "--"

// Command returns what a program and its arguments are added to, to be started by the launcher at a path. Its
// process becomes the program.
func (o Options) Command(launcher string) []string {
	return append(unshare(), launcher, "-clock="+o.Clock, "-hosts="+o.Hosts, separator)
}

// unshare begins a command line whose process may mount what it likes, in a mount namespace that it makes itself. Only
// in a user namespace of its own may one who is not root do that.
func unshare() []string {
	if os.Geteuid() == 0 {
		return nil
	}
	return []string{"unshare", "--user", "--map-root-user", separator}
}
