package catalog_test

import (
	"fmt"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

func replicationProofs() []proof {
	args := []string{"--repl-diskless-sync-delay", "0"}
	return []proof{
		{
			name: "replicas that the test started",
			args: args,
			metrics: []string{
				"connected-replicas", "replication-lag-bytes", "replication-lag-seconds",
				"network-replication-output-bytes-per-second", "network-replication-input-bytes-per-second",
			},
			run: proveReplicas,
		},
		{
			name:    "a primary that hangs and dies",
			args:    args,
			metrics: []string{"primary-link-up", "primary-last-io-seconds"},
			run:     provePrimaryLink,
		},
	}
}

// replica starts a replica of the server and waits until it is synchronized.
func (l *lab) replica() *lab {
	l.Helper()
	host, port, err := net.SplitHostPort(l.server.Addr)
	if err != nil {
		l.Fatal(err)
	}
	replica := newLab(l.T, redistest.New(l.T, "--replicaof", host, port))
	synchronized := func() bool { return replica.server.Do("role").([]any)[3] == "connected" }
	if !until(synchronized) {
		l.Fatal("the replica does not synchronize")
	}
	return replica
}

// write sets keys and returns the bytes that each replica is sent for them.
func (l *lab) write(keys, size int) float64 {
	l.Helper()
	sent := 0
	for n := range keys {
		key, value := fmt.Sprintf("k%03d", n), strings.Repeat("x", size)
		l.server.Do("set", key, value)
		sent += len(fmt.Sprintf("*3\r\n$3\r\nset\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n", len(key), key, size, value))
	}
	return float64(sent)
}

func proveReplicas(l *lab) {
	const replicas, tolerance = 2, 4096 // the tolerance is for pings, SELECT and acknowledgements
	first, second := l.replica(), l.replica()
	none := func() (low, high float64) { return 0, 0 }
	l.settles("connected-replicas", func() (low, high float64) { return replicas, replicas })
	l.settles("replication-lag-bytes", none)

	l.sample()
	second.sample()
	sent := l.write(100, 10<<10)
	l.server.Do("wait", replicas, 30000)
	l.sample()
	second.sample()
	l.grew("network-replication-output-bytes-per-second", "", replicas*sent, tolerance)
	second.grew("network-replication-input-bytes-per-second", "", sent, tolerance)
	l.compared["network-replication-input-bytes-per-second"] = second.compared["network-replication-input-bytes-per-second"]

	l.settles("replication-lag-bytes", none)
	first.server.Signal(syscall.SIGSTOP)
	stopped := time.Now()
	sent = l.write(100, 10<<10)
	l.settles("replication-lag-bytes", func() (low, high float64) { return sent, sent + tolerance })
	l.settles("replication-lag-seconds", func() (low, high float64) {
		const rounding, acknowledged = 1.1, 1 // it acknowledges once a second
		passed := time.Since(stopped).Seconds()
		return max(2, passed-rounding), passed + rounding + acknowledged
	})
	first.server.Kill()
	l.settles("connected-replicas", func() (low, high float64) { return 1, 1 })
	l.settles("replication-lag-bytes", none)
	second.server.Kill()
	if !until(func() bool { l.sample(); _, err := l.read("replication-lag-bytes", ""); return err != nil }) {
		l.Error("replication-lag-bytes has a value without a replica")
	}
}

func provePrimaryLink(l *lab) {
	replica := l.replica()
	replica.settles("primary-link-up", func() (low, high float64) { return 1, 1 })
	l.write(1, 1)
	l.server.Do("wait", 1, 30000)
	heard := time.Now()
	l.server.Signal(syscall.SIGSTOP)
	replica.settles("primary-last-io-seconds", func() (low, high float64) {
		const rounding = 1.1
		passed := time.Since(heard).Seconds()
		return max(2, passed-rounding), passed + rounding
	})
	replica.settles("primary-link-up", func() (low, high float64) { return 1, 1 })
	l.server.Kill()
	replica.settles("primary-link-up", func() (low, high float64) { return 0, 0 })
	if got, err := replica.read("primary-last-io-seconds", ""); err == nil {
		l.Errorf("primary-last-io-seconds = %v with the link down", got.Value)
	}
	for name := range replica.compared {
		l.compared[name] = true
	}
}
