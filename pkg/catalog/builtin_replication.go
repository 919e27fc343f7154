package catalog

func replicationRows() []Metric {
	labels := []string{LabelReplica}
	return []Metric{
		{
			Name: "connected-replicas", Unit: "replicas", Kind: Gauge, Fold: Sum,
			Help:  "Replicas that are connected, those that still synchronize among them, each counted once however many connections it has.",
			gauge: connectedReplicas,
		},
		{
			Name: "replication-lag-bytes", Unit: "bytes", Kind: Gauge, Fold: Max, Labels: labels,
			Help:  "Bytes of replication that a replica has not acknowledged, of the slowest one; replicas acknowledge once a second. `replica` is the place in the primary's list, which changes when one leaves. Unknown without a replica and while one synchronizes.",
			gauge: replicationLagBytes,
		},
		{
			Name: "replication-lag-seconds", Unit: "s", Kind: Gauge, Fold: Max, Labels: labels,
			Help:  "Whole seconds since a replica last acknowledged, of the one that did so longest ago: 0 or 1 as long as all is well. Unknown without a replica and while one synchronizes.",
			gauge: replicationLagSeconds,
		},
		{
			Name: "primary-link-up", Unit: "0 or 1", Kind: Gauge, Fold: Min,
			Help:  "Of a replica: 1 while it is connected to its primary and synchronized. Unknown of a primary.",
			gauge: primaryLinkUp,
		},
		{
			Name: "primary-last-io-seconds", Unit: "s", Kind: Gauge, Fold: Max,
			Help:  "Of a replica: whole seconds since it last heard from its primary, which sends a ping every 10 seconds when there is nothing else to send. Unknown of a primary and while the link is down.",
			gauge: primaryLastIO,
		},
	}
}
