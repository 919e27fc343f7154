package poller

import (
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

// catchUpTime is how long a replica must have reported that its link is up before its
// keys count. It reports so as soon as it has loaded its copy, or is accepted again,
// with keys of that time. Later writes arrive after its first acknowledgement, and it
// acknowledges once a second. This is twice as long.
// Source: replicationCron and readSyncBulkPayload in Redis' replication.c.
const catchUpTime = 2 * time.Second

// outdated returns why the keys of a node may be older than its answer, nil if they are
// not.
func (p *Poller) outdated(info *redisinfo.Info, at time.Time) error {
	err := redisinfo.Outdated(info)
	if err != nil || !redisinfo.IsReplica(info) {
		p.linkUp = time.Time{}
		return err
	}
	if p.linkUp.IsZero() {
		p.linkUp = at
	}
	if at.Sub(p.linkUp) < catchUpTime {
		return redisinfo.ErrCatchingUp
	}
	return nil
}
