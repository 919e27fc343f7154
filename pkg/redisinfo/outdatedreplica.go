package redisinfo

import (
	"errors"
	"fmt"
)

// heardWithin is within how many seconds a replica whose link works has heard from its
// primary. An idle primary sends a ping every repl-ping-replica-period, by default 10
// seconds.
// Source: replicationCron in Redis' replication.c, and redis.conf.
const heardWithin = 15

var (
	errLinkDown = errors.New("the replica's link to its primary is down, so its keys are as old as the loss of the link: they are known again once it has synchronized")
	errSyncing  = errors.New("the replica is being synchronized with its primary, so its keys are old or partly missing: they are known again once it has synchronized")
)

// ErrCatchingUp is why the data set of a replica may be outdated although Outdated
// returns nil: its link has not been up for long enough to catch up.
var ErrCatchingUp = errors.New("the replica may still be catching up with its primary: its keys are known once two samples at least 2 s apart have found it synchronized")

// IsReplica reports whether a server says that it is a replica. A server that reports
// no role is none.
func IsReplica(info *Info) bool {
	role, err := info.Text("role")
	return err == nil && (role == "slave" || role == "replica")
}

// Outdated returns why the data set of a server may be older than its reply, nil if
// nothing says so. Only a replica falls behind: it serves what it has while the link to
// its primary is down, while it synchronizes, and until it notices that the primary is
// silent.
//
// The error wraps ErrAbsent or ErrMalformed if a replica does not report the state of
// its link. A replica of a replica does not know the state of the link above it, and an
// active replica of KeyDB may lack writes of its peers.
func Outdated(info *Info) error {
	if !IsReplica(info) {
		return nil
	}
	link, err := info.Text("master_link_status")
	switch {
	case err != nil:
		return err
	case link == "down":
		return errLinkDown
	case link != "up":
		return malformed("master_link_status", "%.32q", link)
	}
	// Not every server reports these.
	if syncing, err := info.Int("master_sync_in_progress"); err == nil && syncing != 0 {
		return errSyncing
	}
	if quiet, err := info.Int("master_last_io_seconds_ago"); err == nil && quiet > heardWithin {
		return fmt.Errorf("the replica has not heard from its primary for %d s, so its keys may be as old: they are known again once it hears from its primary, which happens at least every %d s unless repl-ping-replica-period is longer", quiet, heardWithin)
	}
	return nil
}
