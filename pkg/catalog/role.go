package catalog

import (
	"fmt"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

// Role returns the role that a server reports, primary or replica. INFO writes master
// and slave; Dragonfly writes replica. An active replica of KeyDB accepts writes of
// clients and follows no other server, so it is a primary.
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
