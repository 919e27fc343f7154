package redisinfo

// Kinds of servers that Server distinguishes.
const (
	Redis     = "Redis"
	Valkey    = "Valkey"
	KeyDB     = "KeyDB"
	Dragonfly = "Dragonfly"
)

// Server returns which program answered and its version, as the program itself
// numbers it. Both are empty if the answer names no version. A server that is
// none of the other kinds and has a redis_version counts as Redis.
//
// Valkey and Dragonfly keep a redis_version for the sake of old clients. KeyDB
// writes its own version there, and has a count of clients for each thread,
// which the others lack.
// Source: genValkeyInfoString in Valkey's server.c, genRedisInfoString in
// KeyDB's server.cpp, ServerFamily::FormatInfoMetrics in Dragonfly's
// server_family.cc.
func Server(info *Info) (kind, version string) {
	for _, own := range [...]struct{ kind, field string }{
		{Valkey, "valkey_version"},
		{Dragonfly, "dragonfly_version"},
	} {
		if version, err := info.Text(own.field); err == nil {
			return own.kind, version
		}
	}
	version, err := info.Text("redis_version")
	if err != nil {
		return "", ""
	}
	if _, err := info.Text("thread_0_clients"); err == nil {
		return KeyDB, version
	}
	return Redis, version
}
