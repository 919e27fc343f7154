package poller

import (
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// TestStreamWhoseGroupTheWorkersCreate follows a stream from before its first entry.
func TestStreamWhoseGroupTheWorkersCreate(t *testing.T) {
	redistest.Each(t, func(t *testing.T, program redistest.Program) {
		server := program.New(t)
		o := declaring(t, server, probe.StreamLag("s", "g", probe.MissingLength), probe.StreamPending("s", "g", probe.MissingZero), probe.StreamOldestPending("s", "g", probe.MissingZero),
			probe.StreamLag("s", "g", ""), probe.StreamPending("s", "g", ""))
		holds := func(when string, lag, pending float64) {
			t.Helper()
			o.sample()
			if gotLag, gotPending := o.value(0), o.value(1); gotLag != lag || gotPending != pending {
				t.Errorf("%s the lag is %v and %v are pending, want %v and %v", when, gotLag, gotPending, lag, pending)
			}
			if age := o.value(2); pending == 0 && age != 0 {
				t.Errorf("%s the oldest pending one is %v s old", when, age)
			}
		}
		holds("without the stream", 0, 0)
		o.unknown(3, `stream "s" does not exist`)
		for range 5 {
			server.Do("xadd", "s", "*", "f", "v")
		}
		holds("without a group", 5, 0)
		o.unknown(3, `stream "s" has no consumer group "g"`)
		o.unknown(4, `stream "s" has no consumer group "g"`)
		server.Do("xgroup", "create", "s", "h", "$")
		holds("with another group", 5, 0)
		server.Do("xgroup", "create", "s", "g", "0")
		holds("with the group", 5, 0)
		server.Do("xreadgroup", "group", "g", "c", "count", 2, "streams", "s", ">")
		holds("when some are read", 3, 2)
		server.Do("xgroup", "destroy", "s", "g")
		holds("when the group is destroyed", 5, 0)
		server.Do("del", "s")
		server.Do("rpush", "s", "a list")
		o.sample()
		for place := range 3 {
			o.unknown(place, `key "s" is of another type: it must be a stream`)
		}
	})
}

// TestReplicaWithoutItsPrimary reads keys that are as old as the loss of a link.
func TestReplicaWithoutItsPrimary(t *testing.T) {
	redistest.Each(t, func(t *testing.T, program redistest.Program) {
		server := program.New(t)
		server.Do("rpush", "jobs", 1, 2)
		o := declaring(t, server, probe.List("jobs"), probe.Script("return 1", nil, nil), probe.KeysCount("*", "", 9), probe.PubSub("news"))
		o.sample()
		if jobs, keys := o.value(0), o.value(2); jobs != 2 || keys != 1 {
			t.Errorf("a primary has %v jobs and %v keys", jobs, keys)
		}
		server.Do("replicaof", "127.0.0.1", "1") // where nothing listens
		o.sample()
		for place := range 3 {
			o.unknown(place, "link to its primary is down")
		}
		o.value(3)
		server.Do("replicaof", "no", "one")
		o.sample()
		if jobs, keys := o.value(0), o.value(2); jobs != 2 || keys != 1 {
			t.Errorf("a primary again, it has %v jobs and %v keys", jobs, keys)
		}
	})
}
