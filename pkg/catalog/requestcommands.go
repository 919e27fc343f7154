package catalog

import "strings"

// class says what a call of a command tells about the clients of a server.
type class uint8

const (
	// unlisted is a command of a module, or one newer than the table. It counts as
	// a request.
	unlisted class = iota
	// service sets up a connection, or watches or runs the server: the groups
	// connection, server and cluster of https://redis.io/docs/latest/commands/,
	// PUBSUB and XINFO, which only watch, and the self-tests of HyperLogLog. What
	// changes or reads data is not a service, though its group says so: FLUSHALL,
	// FLUSHDB, SFLUSH, SWAPDB, CLUSTERSCAN and CLUSTER FLUSHSLOT.
	service
	// reading is a request that only a client sends.
	reading
	// replicated is a request that a primary sends to its replicas as well. These
	// are the commands flagged "write", PFCOUNT, which may write what it has counted,
	// PUBLISH and SPUBLISH, MULTI and EXEC around a transaction, and SCRIPT before
	// Redis 7.0.
	// Source: CMD_MAY_REPLICATE in Redis' src/commands, and replication.c.
	replicated
)

// classOf returns the class of a command by its name as INFO commandstats
// writes it. An unlisted subcommand is of the class of its container.
func classOf(command string) class {
	command = strings.ToLower(command) // Dragonfly and modules write capitals
	is := listed(command)
	if is == unlisted {
		if container, _, sub := strings.Cut(command, "|"); sub {
			return listed(container)
		}
	}
	return is
}

// isRequest reports whether a command is one that clients ask of a server for
// its data.
func isRequest(command string) bool { return classOf(command) != service }

// commandLabel returns the value of LabelCommand for a command. A subcommand
// follows its container after a dot, as in xgroup.create: the "|" that INFO writes
// cannot stand in the value of a label in Kubernetes.
func commandLabel(command string) string { return strings.ReplaceAll(command, "|", ".") }

// isListed reports whether a value of LabelCommand names a listed command.
func isListed(label string) bool {
	return listed(label) != unlisted || listed(strings.Replace(label, ".", "|", 1)) != unlisted
}

// isListedRequest reports whether a value of LabelCommand names a listed request.
func isListedRequest(label string) bool {
	return isListed(label) && isRequest(strings.Replace(label, ".", "|", 1))
}

// listed returns the class of a command by its name as INFO commandstats writes
// it, in small letters. A container of subcommands stands there by itself as
// well, since servers before Redis 7.0 count them together.
//
// The names are those that Redis 7.0, 8.0 and 8.6 and Valkey 8.1 and 9.1 answer
// COMMAND with, and a test holds the table against them. Beside these there are
// SFLUSH of Redis (src/commands/sflush.json), SENTINEL, RREPLAY and REPLPING of
// KeyDB (server.cpp), which carry and watch the replication between its active
// replicas, and DFLY and DFLYCLUSTER of Dragonfly, which run it.
func listed(command string) class {
	switch command {
	case "acl", "acl|cat", "acl|deluser", "acl|dryrun", "acl|genpass", "acl|getuser", "acl|help", "acl|list",
		"acl|load", "acl|log", "acl|save", "acl|setuser", "acl|users", "acl|whoami", "asking", "auth",
		"bgrewriteaof", "bgsave", "client", "client|caching", "client|capa", "client|getname",
		"client|getredir", "client|help", "client|id", "client|import-source", "client|info", "client|kill",
		"client|list", "client|no-evict", "client|no-touch", "client|pause", "client|reply",
		"client|setinfo", "client|setname", "client|tracking", "client|trackinginfo", "client|unblock",
		"client|unpause", "cluster", "cluster|addslots", "cluster|addslotsrange", "cluster|bumpepoch",
		"cluster|cancelslotmigrations", "cluster|count-failure-reports", "cluster|countkeysinslot",
		"cluster|delslots", "cluster|delslotsrange", "cluster|failover", "cluster|flushslots",
		"cluster|forget", "cluster|getkeysinslot", "cluster|getslotmigrations", "cluster|help",
		"cluster|info", "cluster|keyslot", "cluster|links", "cluster|meet", "cluster|migrateslots",
		"cluster|migration", "cluster|myid", "cluster|myshardid", "cluster|nodes", "cluster|replicas",
		"cluster|replicate", "cluster|reset", "cluster|saveconfig", "cluster|set-config-epoch",
		"cluster|setslot", "cluster|shards", "cluster|slaves", "cluster|slot-stats", "cluster|slots",
		"cluster|syncslots", "command", "commandlog", "commandlog|get", "commandlog|help", "commandlog|len",
		"commandlog|reset", "command|count", "command|docs", "command|getkeys", "command|getkeysandflags",
		"command|help", "command|info", "command|list", "config", "config|get", "config|help",
		"config|resetstat", "config|rewrite", "config|set", "dbsize", "debug", "dfly", "dflycluster",
		"echo", "failover", "hello", "hotkeys", "hotkeys|get", "hotkeys|help", "hotkeys|reset",
		"hotkeys|start", "hotkeys|stop", "info", "lastsave", "latency", "latency|doctor", "latency|graph",
		"latency|help", "latency|histogram", "latency|history", "latency|latest", "latency|reset", "lolwut",
		"memory", "memory|doctor", "memory|help", "memory|malloc-stats", "memory|purge", "memory|stats",
		"memory|usage", "module", "module|help", "module|list", "module|load", "module|loadex",
		"module|unload", "monitor", "pfdebug", "pfselftest", "ping", "psync", "pubsub", "pubsub|channels",
		"pubsub|help", "pubsub|numpat", "pubsub|numsub", "pubsub|shardchannels", "pubsub|shardnumsub",
		"quit", "readonly", "readwrite", "replconf", "replicaof", "replping", "reset", "restore-asking",
		"role", "rreplay", "save", "select", "sentinel", "shutdown", "slaveof", "slowlog", "slowlog|get",
		"slowlog|help", "slowlog|len", "slowlog|reset", "sync", "time", "trimslots", "xinfo",
		"xinfo|consumers", "xinfo|groups", "xinfo|help", "xinfo|stream":
		return service
	case "bitcount", "bitfield_ro", "bitpos", "clusterscan", "digest", "discard", "dump", "eval", "eval_ro",
		"evalsha", "evalsha_ro", "exists", "expiretime", "fcall", "fcall_ro", "function|dump",
		"function|help", "function|kill", "function|list", "function|stats", "geodist", "geohash", "geopos",
		"georadius_ro", "georadiusbymember_ro", "geosearch", "get", "getbit", "getrange", "hexists",
		"hexpiretime", "hget", "hgetall", "hkeys", "hlen", "hmget", "hpexpiretime", "hpttl", "hrandfield",
		"hscan", "hstrlen", "httl", "hvals", "keys", "lcs", "lindex", "llen", "lpos", "lrange", "mget",
		"object", "object|encoding", "object|freq", "object|help", "object|idletime", "object|refcount",
		"pexpiretime", "psubscribe", "pttl", "punsubscribe", "randomkey", "scan", "scard", "script|debug",
		"script|exists", "script|flush", "script|help", "script|kill", "script|load", "script|show",
		"sdiff", "sinter", "sintercard", "sismember", "smembers", "smismember", "sort_ro", "srandmember",
		"sscan", "ssubscribe", "strlen", "subscribe", "substr", "sunion", "sunsubscribe", "touch", "ttl",
		"type", "unsubscribe", "unwatch", "vcard", "vdim", "vemb", "vgetattr", "vinfo", "vismember",
		"vlinks", "vrandmember", "vrange", "vsim", "wait", "waitaof", "watch", "xgroup|help", "xlen",
		"xpending", "xrange", "xread", "xrevrange", "zcard", "zcount", "zdiff", "zinter", "zintercard",
		"zlexcount", "zmscore", "zrandmember", "zrange", "zrangebylex", "zrangebyscore", "zrank",
		"zrevrange", "zrevrangebylex", "zrevrangebyscore", "zrevrank", "zscan", "zscore", "zunion":
		return reading
	case "append", "bitfield", "bitop", "blmove", "blmpop", "blpop", "brpop", "brpoplpush", "bzmpop",
		"bzpopmax", "bzpopmin", "cluster|flushslot", "copy", "decr", "decrby", "del", "delex", "delifeq",
		"exec", "expire", "expireat", "flushall", "flushdb", "function", "function|delete",
		"function|flush", "function|load", "function|restore", "geoadd", "georadius", "georadiusbymember",
		"geosearchstore", "getdel", "getex", "getset", "hdel", "hexpire", "hexpireat", "hgetdel", "hgetex",
		"hincrby", "hincrbyfloat", "hmset", "hpersist", "hpexpire", "hpexpireat", "hset", "hsetex",
		"hsetnx", "incr", "incrby", "incrbyfloat", "linsert", "lmove", "lmpop", "lpop", "lpush", "lpushx",
		"lrem", "lset", "ltrim", "migrate", "move", "mset", "msetex", "msetnx", "multi", "persist",
		"pexpire", "pexpireat", "pfadd", "pfcount", "pfmerge", "psetex", "publish", "rename", "renamenx",
		"restore", "rpop", "rpoplpush", "rpush", "rpushx", "sadd", "script", "sdiffstore", "set", "setbit",
		"setex", "setnx", "setrange", "sflush", "sinterstore", "smove", "sort", "spop", "spublish", "srem",
		"sunionstore", "swapdb", "unlink", "vadd", "vrem", "vsetattr", "xack", "xackdel", "xadd",
		"xautoclaim", "xcfgset", "xclaim", "xdel", "xdelex", "xgroup", "xgroup|create",
		"xgroup|createconsumer", "xgroup|delconsumer", "xgroup|destroy", "xgroup|setid", "xidmprecord",
		"xreadgroup", "xsetid", "xtrim", "zadd", "zdiffstore", "zincrby", "zinterstore", "zmpop", "zpopmax",
		"zpopmin", "zrangestore", "zrem", "zremrangebylex", "zremrangebyrank", "zremrangebyscore",
		"zunionstore":
		return replicated
	}
	return unlisted
}
