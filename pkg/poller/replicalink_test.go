package poller

import (
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/samplertest"
)

// TestReplicaThatHasJustSynchronized reads a replica that reports that its link is up, and has not got what was
// written since its copy was made: its primary waits for an acknowledgement that is under way.
func TestReplicaThatHasJustSynchronized(t *testing.T) {
	redistest.Each(t, func(t *testing.T, program redistest.Program) {
		args := []string{"--repl-diskless-sync-delay", "1"}
		if program.AtLeast(redistest.Redis, 8, 0) {
			// Over a channel of its own, the copy is followed by what was written on the first one.
			args = append(args, "--repl-rdb-channel", "no")
		}
		primary := program.New(t, args...)
		proxy := samplertest.NewProxy(t, "127.0.0.1:0", primary)
		host, port, err := net.SplitHostPort(proxy.Addr)
		if err != nil {
			t.Fatal(err)
		}
		primary.Do("rpush", "jobs", 1)
		replica := program.New(t, append(args, "--replicaof", host+" "+port)...)
		samplertest.Poll(t, "the primary is about to make a copy", func() bool { return reports(primary, "state=wait_bgsave") })
		proxy.Mute()
		samplertest.Poll(t, "the replica has its copy", func() bool { return reports(replica, "master_link_status:up") })
		primary.Do("rpush", "jobs", 2)
		if jobs := replica.Do("llen", "jobs"); jobs != int64(1) {
			t.Fatalf("the replica has %v jobs, so that this shows nothing", jobs)
		}

		clock := time.Now()
		o := declaring(t, replica, probe.List("jobs"), probe.PubSub("news"))
		o.poller.now = func() time.Time { return clock }
		isUnknown := func(when string) {
			t.Helper()
			if got := o.sample(); !errors.Is(got.Nodes[0].Outdated, redisinfo.ErrCatchingUp) || !errors.Is(got.Probed[0].Err, redisinfo.ErrCatchingUp) || got.Probed[1].Err != nil {
				t.Errorf("%s: %+v, %v", when, got.Probed, got.Nodes[0].Outdated)
			}
		}
		isKnown := func(when string) {
			t.Helper()
			if got := o.sample(); got.Nodes[0].Outdated != nil || got.Probed[0].Err != nil || got.Probed[0].Value != 2 {
				t.Errorf("%s: %+v, %v", when, got.Probed, got.Nodes[0].Outdated)
			}
		}
		isUnknown("first")
		proxy.Mend()
		samplertest.Poll(t, "the replica has caught up", func() bool { return replica.Do("llen", "jobs") == int64(2) })
		clock = clock.Add(catchUpTime - 1)
		isUnknown("too soon")
		clock = clock.Add(1)
		isKnown("later")

		// Whatever ends the row of answers in which the link is up has it begin again.
		replica.Do("replicaof", "127.0.0.1", "1") // where nothing listens
		o.sample()
		replica.Do("replicaof", host, port)
		samplertest.Poll(t, "the replica is back", func() bool { return reports(replica, "master_link_status:up") })
		clock = clock.Add(time.Hour)
		isUnknown("after the loss of the link")
		clock = clock.Add(catchUpTime)
		isKnown("after the loss of the link, later")
		replica.Kill()
		if _, err := o.attempt(t.Context()); err == nil {
			t.Fatal("a server that is gone answers")
		}
		replica.Restart()
		samplertest.Poll(t, "the replica is back", func() bool { return reports(replica, "master_link_status:up") })
		isUnknown("after a failure")
		replica.Do("replicaof", "no", "one")
		if got := o.sample(); got.Nodes[0].Outdated != nil || got.Probed[0].Err != nil {
			t.Errorf("as a primary: %+v", got)
		}
	})
}

func reports(server *redistest.Server, words string) bool {
	text, _ := server.Do("info", "replication").(string)
	return strings.Contains(text, words)
}
