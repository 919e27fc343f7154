package catalog

import (
	"errors"
	"fmt"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

var (
	errOwnLost  = errors.New("an attempt to sample failed within the window, or a script ended with an error that may be the server's refusal, and nothing tells how many of its commands the server executed: it is known again once the window is past")
	errUnlisted = errors.New("the server is a replica, and it is unknown whether its primary sent the command, which this adapter does not know")
	errWritable = errors.New("the server is a replica that takes writes of clients as well (replica-read-only no), and INFO does not separate them from those of its primary")
)

// channel is by whom a server may be sent the commands that a primary replicates.
type channel struct {
	// replica is of a server that gets them from its primary, and readOnly of one
	// that refuses them from clients.
	replica, readOnly bool
	// err is why it is not known whether it refuses them.
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

// byClients returns how many of the calls of a request are those of clients. The
// others are those by which the adapter reads what the object declares, and on a
// read-only replica all of a command that only its primary may send.
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
