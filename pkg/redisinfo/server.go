package redisinfo

// Kinds of servers that Server distinguishes.
const (
	Redis     = "Redis"
	Valkey    = "Valkey"
	KeyDB     = "KeyDB"
	Dragonfly = "Dragonfly"
)

// Server returns which program answered and its version, as the program itself
// numbers it. Both are empty if the answer has no version; the version is
// empty if it is not a name. Any other server with a redis_version counts as Redis.
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
		if version, ok := info.once(own.field); ok {
			return own.kind, version
		}
	}
	version, ok := info.once("redis_version")
	if !ok {
		return "", ""
	}
	if _, ok := info.once("thread_0_clients"); ok {
		return KeyDB, version
	}
	return Redis, version
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

// once is Name for those who need no error, which takes memory. It is read at
// each sample. A text that is not a name is empty.
func (i *Info) once(key string) (text string, ok bool) {
	place, found := i.schema.find(key)
	if !found || i.schema.twice[key] {
		return "", false
	}
	if text = i.value(place); !IsName(text) {
		text = ""
	}
	return text, true
}
