package catalog

func networkRows() []Metric {
	return []Metric{
		{
			Name: "connections-per-second", Unit: "connections/s", Kind: Rate, Aggregation: Sum,
			Help:   "Connections that the server accepted.",
			window: counterRate("total_connections_received"),
		},
		{
			Name: "rejected-connections-per-second", Unit: "connections/s", Kind: Rate, Aggregation: Sum,
			Help:   "Connections that the server refused because maxclients was reached.",
			window: counterRate("rejected_connections"),
		},
		{
			Name: "network-input-bytes-per-second", Unit: "bytes/s", Kind: Rate, Aggregation: Sum,
			Help:   "Bytes that the server read from the network, including replication.",
			window: counterRate("total_net_input_bytes"),
		},
		{
			Name: "network-output-bytes-per-second", Unit: "bytes/s", Kind: Rate, Aggregation: Sum,
			Help:   "Bytes that the server wrote to the network, including replication.",
			window: counterRate("total_net_output_bytes"),
		},
		{
			Name: "network-replication-input-bytes-per-second", Unit: "bytes/s", Kind: Rate, Aggregation: Sum, Versions: "7.0.1+",
			Help:   "Bytes that a replica read from its primary.",
			window: counterRate("total_net_repl_input_bytes"),
		},
		{
			Name: "network-replication-output-bytes-per-second", Unit: "bytes/s", Kind: Rate, Aggregation: Sum, Versions: "7.0.1+",
			Help:   "Bytes that the server wrote to its replicas.",
			window: counterRate("total_net_repl_output_bytes"),
		},
	}
}
