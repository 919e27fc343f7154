package launcher

import (
	"os"
	"time"
)

// HostsCached is how long Go's resolver goes by what it read from /etc/hosts.
// Source: cacheMaxAge in net/hosts.go of Go's standard library.
const HostsCached = 5 * time.Second

// Options say what a program shall have of its own.
type Options struct {
	// Clock is the path of a [Clock]. Default: the machine's clock.
	Clock string
	// Hosts is the path of what is at /etc/hosts, of a [Hosts] for instance. Default: the machine's.
	Hosts string
}

// separator stands between the launcher's arguments and the program.
const separator = "--"

// Command returns what a program and its arguments are added to, to be started by the launcher at a path. Its
// process becomes the program.
func (o Options) Command(launcher string) []string {
	var command []string
	if os.Geteuid() != 0 { // only in a user namespace of its own may it mount anything
		command = append(command, "unshare", "--user", "--map-root-user", "--")
	}
	return append(command, launcher, "-clock="+o.Clock, "-hosts="+o.Hosts, separator)
}
