package catalog

import (
	"errors"
	"fmt"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

var (
	errOwnLost  = errors.New("an attempt to sample failed within the window, or a script ended with an error that may be the server's refusal, and it is unknown how many of its commands the server executed: it is known again once the window is past")
	errUnlisted = errors.New("the server is a replica, and it is unknown whether its primary sent the command, which this adapter does not know")
	errWritable = errors.New("the server is a replica that accepts writes of clients as well (replica-read-only no), and INFO does not separate them from those of its primary")
)

// channel says who may send a server the commands that a primary replicates.
type channel struct {
	// replica means that the server gets them from its primary, and readOnly that it
	// refuses them from clients.
	replica, readOnly bool
	// err is why it is unknown whether it refuses them.
	err error
}

func channelOf(info *redisinfo.Info) channel {
	role, err := Role(info)
	if err != nil || role != "replica" {
		return channel{}
	}
	readOnly, err := info.Int("slave_read_only")
	return channel{replica: true, readOnly: err == nil && readOnly != 0, err: err}
}

// byClients returns how many calls of a request clients made. The adapter made the
// others, to read what the object declares. On a read-only replica, its primary made
// all calls of a command that only it may send.
func (in windowInput) byClients(call growth, via channel) (int64, error) {
	own, exact := in.own(call.name)
	calls := max(0, call.by-own)
	if calls == 0 {
		return 0, nil
	}
	if via.replica {
		switch is := classOf(call.name); {
		case is == reading:
		case is == unlisted:
			return calls, fmt.Errorf("%s: %w", commandLabel(call.name), errUnlisted)
		case via.readOnly:
			return 0, nil
		case via.err != nil:
			return calls, via.err
		default:
			return calls, errWritable
		}
	}
	if !exact {
		return calls, errOwnLost
	}
	return calls, nil
}
