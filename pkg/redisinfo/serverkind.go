package redisinfo

// The kinds of servers that Server distinguishes.
const (
	Redis     = "Redis"
	Valkey    = "Valkey"
	KeyDB     = "KeyDB"
	Dragonfly = "Dragonfly"
)

// Server returns which program answered, and its own version. Both are empty if the
// reply has no version. The version is empty if it is not a name. Any other server with
// a redis_version counts as Redis.
//
// Valkey and Dragonfly report a redis_version for old clients. KeyDB reports its own
// version there, and a count of clients for each thread, which the others lack.
// Source: genValkeyInfoString in Valkey's server.c, genRedisInfoString in
// KeyDB's server.cpp, ServerFamily::FormatInfoMetrics in Dragonfly's
// server_family.cc.
func Server(info *Info) (kind, version string) {
	for _, program := range [...]struct{ kind, field string }{
		{Valkey, "valkey_version"},
		{Dragonfly, "dragonfly_version"},
		{Redis, "redis_version"},
	} {
		text, err := info.Text(program.field)
		if err != nil {
			continue
		}
		kind = program.kind
		if IsName(text) {
			version = text
		}
		break
	}
	if _, err := info.Text("thread_0_clients"); kind == Redis && err == nil {
		kind = KeyDB
	}
	return kind, version
}

// Reads reports whether Server or Outdated reads a field of INFO.
func Reads(field string) bool {
	switch field {
	case "redis_version", "valkey_version", "dragonfly_version", "thread_0_clients",
		"role", "master_link_status", "master_sync_in_progress", "master_last_io_seconds_ago":
		return true
	}
	return false
}
