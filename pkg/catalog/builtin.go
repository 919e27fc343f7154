package catalog

// Names of metrics that other rooms ask for.
const (
	RequestsPerSecond = "requests-per-second"
	ConnectedClients  = "connected-clients"
	UsedMemoryBytes   = "used-memory-bytes"
)

// Builtin returns the catalogue that every Redis object has.
func Builtin() (*Catalog, error) {
	return New(
		Metric{
			Name: RequestsPerSecond, Unit: "requests/s", Kind: Rate, Fold: Sum, Labels: []string{LabelCommand},
			Help:   "Commands that clients asked for, less those that watch or run the server or a connection (INFO, PING, AUTH, CONFIG and the like), so that an idle server reads 0.",
			window: requests,
		},
		Metric{
			Name: "commands-per-second", Unit: "commands/s", Kind: Rate, Fold: Single,
			Help:   "All commands processed, those of monitoring, of replication and of this adapter among them.",
			window: counterRate("total_commands_processed"),
		},
		Metric{
			Name: "connections-per-second", Unit: "connections/s", Kind: Rate, Fold: Single,
			Help:   "Connections that the server accepted.",
			window: counterRate("total_connections_received"),
		},
		Metric{
			Name: "network-input-bytes-per-second", Unit: "bytes/s", Kind: Rate, Fold: Single,
			Help:   "Bytes that the server read from the network.",
			window: counterRate("total_net_input_bytes"),
		},
		Metric{
			Name: "network-output-bytes-per-second", Unit: "bytes/s", Kind: Rate, Fold: Single,
			Help:   "Bytes that the server wrote to the network.",
			window: counterRate("total_net_output_bytes"),
		},
		Metric{
			Name: "evictions-per-second", Unit: "keys/s", Kind: Rate, Fold: Single,
			Help:   "Keys evicted because maxmemory was reached.",
			window: counterRate("evicted_keys"),
		},
		Metric{
			Name: "expirations-per-second", Unit: "keys/s", Kind: Rate, Fold: Single,
			Help:   "Keys removed because they expired.",
			window: counterRate("expired_keys"),
		},
		Metric{
			Name: "keyspace-hit-ratio", Unit: "ratio 0 to 1", Kind: Ratio, Fold: Single,
			Help:   "Share of key look-ups that found a key. Unknown while no key is looked up.",
			window: hitRatio,
		},
		Metric{
			Name: ConnectedClients, Unit: "connections", Kind: Gauge, Fold: Single,
			Help:  "Client connections, replicas left out and this adapter's own counted, as Redis does.",
			gauge: level("connected_clients"),
		},
		Metric{
			Name: "blocked-clients", Unit: "connections", Kind: Gauge, Fold: Single,
			Help:  "Clients that wait in a blocking call such as BLPOP or XREADGROUP.",
			gauge: level("blocked_clients"),
		},
		Metric{
			Name: UsedMemoryBytes, Unit: "bytes", Kind: Gauge, Fold: Single,
			Help:  "Memory that Redis has allocated.",
			gauge: level("used_memory"),
		},
		Metric{
			Name: "memory-utilization", Unit: "ratio 0 to 1", Kind: Gauge, Fold: Single,
			Help:  "Memory that Redis has allocated to maxmemory. Unknown without a maxmemory.",
			gauge: memoryUtilization,
		},
		Metric{
			Name: "keys", Unit: "keys", Kind: Gauge, Fold: Single,
			Help:  "Keys in the logical database that spec.database names.",
			gauge: keys,
		},
	)
}
