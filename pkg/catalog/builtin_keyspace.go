package catalog

func keyspaceRows() []Metric {
	return []Metric{
		{
			Name: "keys", Unit: "keys", Kind: Gauge, Fold: Sum,
			ofData: true,
			Help:   "Keys in the logical database that spec.database names. Unknown of a replica whose link to its primary is down.",
			gauge:  keys,
		},
		{
			Name: "keyspace-keys", Unit: "keys", Kind: Gauge, Fold: Sum, Labels: []string{LabelDatabase},
			ofData: true,
			Help:   "Keys in each logical database, expired ones that are not removed yet among them.",
			gauge:  keyspaceKeys,
		},
		{
			Name: "expiring-keys-ratio", Unit: "ratio 0 to 1", Kind: Gauge, Fold: Weighted,
			ofData: true,
			Help:   "Share of the keys in the logical database that spec.database names that have an expiry. Unknown while it has no key.",
			gauge:  expiringKeys,
		},
		{
			Name: "keyspace-hits-per-second", Unit: "look-ups/s", Kind: Rate, Fold: Sum,
			ofData: true,
			Help:   "Look-ups that found a key.",
			window: counterRate("keyspace_hits"),
		},
		{
			Name: "keyspace-misses-per-second", Unit: "look-ups/s", Kind: Rate, Fold: Sum,
			ofData: true,
			Help:   "Look-ups that found no key.",
			window: counterRate("keyspace_misses"),
		},
		{
			Name: "keyspace-hit-ratio", Unit: "ratio 0 to 1", Kind: Ratio, Fold: Weighted,
			ofData: true,
			Help:   "Share of key look-ups that found a key. Unknown while no key is looked up.",
			window: hitRatio,
		},
		{
			Name: "evictions-per-second", Unit: "keys/s", Kind: Rate, Fold: Sum,
			Help:   "Keys evicted because maxmemory was reached.",
			window: counterRate("evicted_keys"),
		},
		{
			Name: "expirations-per-second", Unit: "keys/s", Kind: Rate, Fold: Sum,
			Help:   "Keys removed because they expired.",
			window: counterRate("expired_keys"),
		},
	}
}
