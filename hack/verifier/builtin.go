package verifier

import "runtime"

// Allowances for rates. See the package's documentation.
const (
	grantedShare    = 0.1
	grantedRequests = 10.0
	// reading bounds how many requests a second one replica of the adapter sends for what one object declares, and how
	// many keys it looks up.
	reading = 60.0
	// monitoring bounds how many commands a second both replicas and the Sentinels send for everything
	// else.
	monitoring = 120.0
)

// SoleLoadShare is the share by which a rate of requests may be off if only one load sends any.
const SoleLoadShare = 0.05

// SoleLoad expects the requests that one load sends to servers that get no others.
func SoleLoad() Expectation {
	return Expectation{Metric: RequestsPerSecond, Kind: Rate, Of: rate(Requests), Share: SoleLoadShare}
}

// Exactly expects a metric that always has one value.
func Exactly(metric string, value float64) Expectation {
	return Expectation{Metric: metric, Of: exactly(value)}
}

// commandRows returns the rows of what clients send.
func commandRows(readers float64) []Expectation {
	neighbour := reading * readers
	requests := func(selector string, of Bounds, more float64) Expectation {
		return Expectation{Metric: RequestsPerSecond, Selector: selector, Kind: Rate, On: everywhere &^ Replica, Of: of, Share: grantedShare, More: grantedRequests + more}
	}
	calls := func(metric, selector string, of Bounds, more float64) Expectation {
		return Expectation{Metric: metric, Selector: selector, Kind: Rate, On: everywhere &^ Replica, Of: of, Share: grantedShare, More: more}
	}
	latency := func(selector string, of Bounds) Expectation {
		return Expectation{Metric: "command-latency-mean-microseconds", Selector: selector, Kind: Rate, On: single | Watched, Of: of}
	}
	percentile := Expectation{
		Metric: "command-latency-percentile-microseconds", Selector: "command=eval,percentile=50", On: single, Calm: true,
		Of: func(w *Window) (least, largest float64) {
			_, largest = w.Level(Slowest)
			return scriptMicroseconds, largest
		},
		Share: 0.05, // Redis keeps percentiles by two digits
	}
	return []Expectation{
		requests("", rate(Requests), neighbour),
		requests("command=get", rate(Gets), neighbour/2),
		requests("command=set", rate(Sets), 0),
		requests("command=eval", rate(Scripts), 0),
		requests("command in (get,set)", sum(rate(Gets), rate(Sets)), neighbour/2),
		requests("command!=get", difference(rate(Requests), rate(Gets)), neighbour),
		requests("command notin (get,set)", difference(rate(Requests), sum(rate(Gets), rate(Sets))), neighbour),
		requests("command=lpush", exactly(0), 0),
		{Metric: RequestsPerSecond, Selector: "command=no-such-command", Kind: Refused, On: everywhere, Refusal: "matches no series"},
		requests("role=primary", rate(Requests), neighbour).on(primaries),
		requests("role=primary,command=set", rate(Sets), 0).on(primaries),
		// Nobody reads from a replica, but writes may be counted there again.
		requests("role=replica", func(w *Window) (least, largest float64) {
			_, largest = writes(w)
			return 0, largest
		}, 0).on(paired | Sharded),
		requests("role=replica,command=get", exactly(0), 0).on(paired | Sharded),
		requests("role in (primary,replica)", func(w *Window) (least, largest float64) {
			least, largest = rate(Requests)(w)
			_, replicated := writes(w)
			return least, largest + replicated
		}, neighbour).on(paired | Sharded),
		calls("commands-per-second", "", rate(Requests), neighbour*2+monitoring).on(everywhere &^ (Replica | Rewritten)), // not those of 70 replicas
		calls("command-calls-per-second", "command=set", rate(Sets), grantedRequests),
		calls("command-calls-per-second", "command=incr", rate(Increments), 1),
		calls("failed-calls-per-second", "command=hget", rate(Failed), 1),
		calls("failed-calls-per-second", "", rate(Failed), grantedRequests),
		calls("rejected-calls-per-second", "command=strlen", rate(Rejected), 1),
		calls("errors-per-second", "error=WRONGTYPE", rate(Failed), grantedRequests),
		calm(calls("rejected-calls-per-second", "", rate(Rejected), grantedRequests)),
		calm(calls("errors-per-second", "", sum(rate(Failed), rate(Rejected)), grantedRequests)),
		latency("command=eval", meanTime(rate(Scripts), ScriptWaitedMicroseconds)),
		latency("command in (eval,set)", meanTime(sum(rate(Scripts), rate(Sets)), WaitedMicroseconds)),
		// The adapter reads with commands that clients send as well, and with LLEN in each attempt, which its other
		// replica also sends. EVAL_RO would not do: one replica may hold it back alone, and then the time of the
		// other's is known.
		latency("", meanTime(rate(Requests), WaitedMicroseconds)).mayRefuse("does not separate"),
		calm(latency("command=llen", nil).refused("is unknown")), // while it may not read keys, only others send LLEN
		percentile,
	}
}

func calm(e Expectation) Expectation {
	e.Calm = true
	return e
}

// writes bounds how many writes a primary sends to a replica per second.
func writes(w *Window) (least, largest float64) {
	return sum(rate(Sets), sum(rate(Increments), rate(Entries)))(w)
}

// meanTime bounds the mean time of executions, including scripts. None takes longer than the driver waits for it.
func meanTime(of Bounds, waited Event) Bounds {
	return func(w *Window) (least, largest float64) {
		fewest, most := of(w)
		computed, _ := rate(ComputedMicroseconds)(w)
		_, longest := rate(waited)(w)
		if fewest == 0 {
			w.unknown = true
			return 0, 0
		}
		return computed / most, longest / fewest
	}
}

// keyspaceRows returns the rows of existing keys, and of look-ups.
func keyspaceRows(readers float64) []Expectation {
	lookups := grantedRequests + reading*(readers+1)
	of := func(metric, selector string, on Topology, of Bounds) Expectation {
		return Expectation{Metric: metric, Selector: selector, On: on, Of: of}
	}
	counted := func(metric string, of Bounds, more float64) Expectation {
		return Expectation{Metric: metric, Kind: Rate, On: everywhere &^ Replica, Of: of, Share: grantedShare, More: more}
	}
	const several = everywhere &^ Sharded // have more databases than one
	return []Expectation{
		of(Keys, "", everywhere, held(Keys)),
		of(Keys, "role=primary", primaries, held(Keys)),
		of(Keys, "role=replica", paired, product(held(Followers), held(Keys))),
		of(Keys, "role=replica", Rewritten, held(ReplicaKeys)).mayRefuse("matches no series"),
		of(Keys, "role in (primary,replica)", paired, product(plus(held(Followers), 1, 1), held(Keys))),
		of("keyspace-keys", "db=0", everywhere, held(Keys)),
		of("keyspace-keys", "db notin (0)", several, plus(held(Elsewhere), 0, 1)), // a key that expires
		of("keyspace-keys", "db=7", several, exactly(0)),
		of("keyspace-keys", "", several, plus(sum(held(Keys), held(Elsewhere)), 0, 1)),
		of("keyspace-keys", "", Sharded, held(Keys)),
		of("expiring-keys-ratio", "", everywhere, quotient(held(Expiring), held(Keys))),
		counted("keyspace-hits-per-second", rate(Hits), lookups),
		counted("keyspace-misses-per-second", rate(Misses), lookups),
		{Metric: "keyspace-hit-ratio", Kind: Rate, On: everywhere &^ Replica, Of: hitRatio(lookups)},
		counted("evictions-per-second", exactly(0), 0),
		counted("expirations-per-second", expired, 1).on(single),
	}
}

// expired bounds the keys that expire per second. Each is found to be gone half a second after it was written, and
// expired at some time before. So at either end of the window, one may lie on the other side.
func expired(w *Window) (least, largest float64) {
	fewest, most := w.Count(Expired)
	return max(0, fewest-1) / w.Seconds(), (most + 1) / w.Seconds()
}

// hitRatio bounds the share of look-ups that find something, if others look up at most so many keys a second.
func hitRatio(lookups float64) Bounds {
	return func(w *Window) (least, largest float64) {
		others := lookups * (w.Seconds() + 1)
		hits, mostHits := w.Count(Hits)
		misses, mostMisses := w.Count(Misses)
		if hits == 0 || misses == 0 {
			w.unknown = true
			return 0, 0
		}
		return hits / (hits + mostMisses + others), (mostHits + others) / (mostHits + others + misses)
	}
}

// MostConnections bounds how many connections the driver, its idle clients, both replicas of the adapter, which may
// sample two objects, and the injection of faults open to a server. Connections that are the fault itself come on top.
const MostConnections = 16

// clientRows returns the rows of connected clients.
func clientRows() []Expectation {
	of := func(metric, field string, of Bounds) Expectation {
		return Expectation{Metric: metric, On: Standalone, Of: of, Field: field}
	}
	connected := between(6, MostConnections)
	return []Expectation{
		calm(of("connected-clients", "", connected)),
		calm(of("client-utilization", "", quotient(connected, exactly(MaxClients)))),
		calm(of("blocked-clients", "", held(Blocked))),
		of("tracking-clients", "", held(Tracking)),
		of("pubsub-clients", "pubsub_clients", held(Subscribed)),
		of("pubsub-channels", "", held(Subscribed)),
		of("pubsub-patterns", "", held(Subscribed)),
		of("pubsub-shard-channels", "pubsubshard_channels", held(Subscribed)),
		calm(Expectation{Metric: "connections-per-second", Kind: Rate, On: Standalone, Of: exactly(0), More: grantedRequests}),
		calm(Expectation{Metric: "rejected-connections-per-second", Kind: Rate, On: Standalone, Of: exactly(0)}),
	}
}

// MaxMegabytes is maxmemory of the primary of Replicated, in MB. Its replica has none.
const MaxMegabytes = 64

// Bounds on what a server uses for itself and its clients, and its limit.
const (
	overhead  = 8 << 20
	maxMemory = MaxMegabytes << 20
	// mostStocked bounds the memory of a stock of keys, at both ends of its move.
	mostStocked = 80 << 20
	// connection bounds the memory of a server for a client that asks for INFO: buffers for the request, 32 KB, and for
	// the reply, 16 KB, a text beyond that, and the state of the client.
	// Source: PROTO_IOBUF_LEN and PROTO_REPLY_CHUNK_BYTES in Redis' server.h, readQueryFromClient in networking.c.
	connection = 96 << 10
)

// serverRows returns the rows of what a server uses and does.
func serverRows() []Expectation {
	replicas := func(w *Window) (least, largest float64) {
		_, most := w.Level(ReplicaConnections)
		return 0, most * connection
	}
	memory := func(selector string, on Topology, servers Bounds) Expectation {
		return Expectation{Metric: "used-memory-bytes", Selector: selector, On: on, Of: product(servers, plus(held(Filled), 0, overhead))}
	}
	full := between(float64(ballast)/maxMemory, float64(ballast+overhead)/maxMemory)
	calmly := func(e Expectation) Expectation { return calm(e.on(single)) }
	return []Expectation{
		memory("", everywhere&^(Sharded|Rewritten), exactly(1)),
		{Metric: "used-memory-bytes", On: Rewritten, Of: sum(plus(held(Filled), 0, overhead), replicas)},
		memory("role=primary", paired, exactly(1)),
		memory("role=replica", paired, held(Followers)),
		memory("role in (primary,replica)", paired, plus(held(Followers), 1, 1)),
		{Metric: "used-memory-bytes", On: Sharded, Of: plus(held(Filled), 0, shardCount*overhead+mostStocked)},
		{Metric: "used-memory-dataset-bytes", On: single, Of: between(ballast, ballast+overhead), Calm: true},
		{Metric: "used-memory-peak-bytes", On: single, Of: between(ballast, 8*ballast), Calm: true},
		{Metric: "used-memory-rss-bytes", On: single, Of: between(ballast, 16*ballast), Calm: true},
		{Metric: "memory-utilization", On: Replicated, Of: full},
		{Metric: "memory-utilization", Selector: "role=primary", On: Replicated, Of: full},
		{Metric: "memory-utilization", On: Standalone | Watched | Sharded, Kind: Refused, Refusal: "maxmemory is 0", Calm: true},
		{Metric: "cpu-cores", Kind: Rate, On: single, Share: grantedShare, Of: func(w *Window) (least, largest float64) {
			least, _ = rate(ComputedMicroseconds)(w)
			return least / 1e6, float64(runtime.NumCPU())
		}},
		{Metric: "uptime-seconds", On: Standalone, Of: plus(age(Started), -2, 1)}, // in whole seconds
		calmly(Expectation{Metric: "rdb-save-in-progress", Of: exactly(0)}),
		calmly(Expectation{Metric: "aof-rewrite-in-progress", Of: exactly(0)}),
		calmly(Expectation{Metric: "network-input-bytes-per-second", Kind: Rate, Of: rate(SentBytes), Share: grantedShare, More: 20_000}),
	}
}

// replicationRows returns the rows of replicas.
func replicationRows() []Expectation {
	const replicas = paired | Sharded
	of := func(metric, selector string, on Topology, of Bounds) Expectation {
		return calm(Expectation{Metric: metric, Selector: selector, On: on, Of: of})
	}
	refused := func(metric string, on Topology, refusal string) Expectation {
		return calm(Expectation{Metric: metric, Kind: Refused, On: on, Refusal: refusal})
	}
	return []Expectation{
		of("connected-replicas", "", replicas, exactly(1)),
		of("connected-replicas", "", Standalone, exactly(0)),
		of("connected-replicas", "role=replica", replicas, exactly(0)),
		of("replication-lag-seconds", "", paired, between(0, 2)),
		of("replication-lag-bytes", "", paired, between(0, 30_000)),
		of("replication-lag-seconds", "role=primary", paired, between(0, 2)),
		of("primary-link-up", "role=replica", replicas, exactly(1)),
		of("primary-link-up", "", Replica, exactly(1)),
		of("primary-last-io-seconds", "role=replica", paired, between(0, 2)),
		refused("replication-lag-seconds", Standalone, "no replica is connected"),
		refused("primary-link-up", Standalone|Watched, "primary"),
	}
}

// shardRows returns the rows of the shards of a Redis Cluster. Nothing moves slots of the third one.
func shardRows(readers float64) []Expectation {
	requests := func(selector string, of Bounds) Expectation {
		return Expectation{Metric: RequestsPerSecond, Selector: selector, Kind: Rate, On: Sharded, Of: of, Share: grantedShare, More: grantedRequests + reading*readers}
	}
	keys := func(selector string, of Bounds) Expectation {
		return Expectation{Metric: Keys, Selector: selector, On: Sharded, Of: of}
	}
	return []Expectation{
		requests("shard=0,role=primary", rate(FirstShard)),
		requests("shard=1", rate(SecondShard)),
		requests("shard=2", rate(ThirdShard)),
		requests("shard in (1,2)", sum(rate(SecondShard), rate(ThirdShard))),
		requests("shard notin (2),role=primary", sum(rate(FirstShard), rate(SecondShard))),
		requests("node="+ThirdNode, rate(ThirdShard)),
		keys("shard=2", held(ThirdShardKeys)),
		keys("node="+ThirdNode, held(ThirdShardKeys)),
		keys("shard!=2,role=primary", difference(held(Keys), held(ThirdShardKeys))),
		keys("shard=no-such-shard", nil).refused("matches no series"),
	}
}

// mayRefuse allows an error that contains a text.
func (e Expectation) mayRefuse(text string) Expectation {
	e.Refusal = text
	return e
}

func (e Expectation) refused(text string) Expectation {
	e.Kind, e.Refusal = Refused, text
	return e
}
