package status

import (
	"strconv"
	"strings"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

// server is what INFO answers.
type server struct {
	runID   string
	role    string
	version string
	gets    int64
	clients int64 // below 0 if the server does not tell
	memory  int64
	valkey  string // its version, empty if it is not a Valkey
}

func newServer() *server {
	return &server{runID: "a", role: "master", version: "8.0.0", clients: 7, memory: 3 << 19}
}

// info is the answer to an INFO that came after so many others.
func (s *server) info(before int) *redisinfo.Info {
	var text strings.Builder
	lines := []string{
		"role:" + s.role, "redis_version:" + s.version, "used_memory:" + strconv.FormatInt(s.memory, 10),
		"# Commandstats", "cmdstat_info:calls=" + strconv.Itoa(before) + ",usec=1", "cmdstat_get:calls=" + strconv.FormatInt(s.gets, 10) + ",usec=1",
	}
	if s.runID != "" {
		lines = append(lines, "run_id:"+s.runID)
	}
	if s.valkey != "" {
		lines = append(lines, "# Server", "valkey_version:"+s.valkey)
	}
	if s.clients >= 0 {
		lines = append(lines, "# Clients", "connected_clients:"+strconv.FormatInt(s.clients, 10))
	}
	for _, line := range lines {
		text.WriteString(line + "\r\n")
	}
	info, err := new(redisinfo.Parser).Parse([]byte(text.String()))
	if err != nil {
		panic(err)
	}
	return info
}
