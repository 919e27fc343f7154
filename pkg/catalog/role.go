package catalog

import (
	"fmt"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

// Role returns what a server says of itself, primary or replica. INFO writes
// master and slave; Dragonfly writes replica. An active replica of KeyDB takes
// the writes of clients and has no other server above it: it is a primary.
// Source: https://docs.keydb.dev/docs/active-rep, and genRedisInfoString in KeyDB's server.cpp.
func Role(info *redisinfo.Info) (string, error) {
	text, err := info.Text("role")
	if err != nil {
		return "", err
	}
	switch text {
	case "master", "active-replica":
		return "primary", nil
	case "slave", "replica":
		return "replica", nil
	}
	return "", fmt.Errorf("INFO field role: %w: %.32q", redisinfo.ErrMalformed, text)
}
