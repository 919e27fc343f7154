package demo

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"
)

// embedded is a Redis inside this process, for machines that have none. Its data commands are miniredis'; it counts
// calls and answers INFO by itself, because miniredis knows too few of its fields. Fields that it does not know are
// absent, so metrics made from them are unknown and not zero.
type embedded struct {
	redis   *miniredis.Miniredis
	runID   string
	started time.Time

	mu    sync.Mutex
	calls map[string]int64
}

// startEmbedded starts a server on a loopback port of its choice.
func startEmbedded() (*embedded, error) {
	id := make([]byte, 20)
	if _, err := rand.Read(id); err != nil {
		return nil, err
	}
	e := &embedded{
		redis:   miniredis.NewMiniRedis(),
		runID:   hex.EncodeToString(id),
		started: time.Now(),
		calls:   map[string]int64{},
	}
	if err := e.redis.Start(); err != nil {
		return nil, fmt.Errorf("start the embedded Redis: %w", err)
	}
	e.redis.Server().SetPreHook(e.count)
	return e, nil
}

// count notes a command before it runs, and answers INFO itself.
func (e *embedded) count(peer *server.Peer, command string, args ...string) bool {
	e.mu.Lock()
	e.calls[strings.ToLower(command)]++
	e.mu.Unlock()
	if command != "INFO" {
		return false
	}
	peer.WriteBulk(e.info())
	return true
}

// info returns what Redis would print for INFO all, as far as it is known here.
func (e *embedded) info() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var text strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&text, format+"\r\n", args...) }
	commands := slices.Sorted(maps.Keys(e.calls))
	total := int64(0)
	for _, command := range commands {
		total += e.calls[command]
	}
	line("# Server")
	line("redis_version:6.0.0") // from 7 on INFO is asked for several sections at once
	line("redis_mode:standalone")
	line("run_id:%s", e.runID)
	line("uptime_in_seconds:%d", int(time.Since(e.started).Seconds()))
	line("\r\n# Clients")
	line("connected_clients:%d", e.redis.CurrentConnectionCount())
	line("\r\n# Persistence")
	line("loading:0")
	line("\r\n# Stats")
	line("total_connections_received:%d", e.redis.TotalConnectionCount())
	line("total_commands_processed:%d", total)
	line("\r\n# Replication")
	line("role:master")
	line("\r\n# Commandstats")
	for _, command := range commands {
		line("cmdstat_%s:calls=%d,usec=0,usec_per_call=0.00", command, e.calls[command])
	}
	line("\r\n# Keyspace")
	if keys := len(e.redis.Keys()); keys > 0 {
		line("db0:keys=%d,expires=0,avg_ttl=0", keys)
	}
	return text.String()
}
