package catalog

import (
	"errors"
)

func clientRows() []Metric {
	return []Metric{
		{
			Name: ConnectedClients, Unit: "connections", Kind: Gauge, Aggregation: Sum,
			Help:  "Client connections as Redis counts them: including this adapter's own, excluding replicas.",
			gauge: level("connected_clients"),
		},
		{
			Name: "blocked-clients", Unit: "connections", Kind: Gauge, Aggregation: Sum,
			Help:  "Clients that wait in a blocking call such as BLPOP or XREADGROUP.",
			gauge: level("blocked_clients"),
		},
		{
			Name: "tracking-clients", Unit: "connections", Kind: Gauge, Aggregation: Sum, Versions: "6.0+",
			Help:  "Clients that use client-side caching (CLIENT TRACKING).",
			gauge: level("tracking_clients"),
		},
		{
			Name: "pubsub-clients", Unit: "connections", Kind: Gauge, Aggregation: Sum, Versions: "7.4+",
			Help:  "Clients that subscribe to a channel or a pattern.",
			gauge: level("pubsub_clients"),
		},
		{
			Name: "client-utilization", Unit: "ratio 0 to 1", Kind: Gauge, Aggregation: Max, Versions: "6.2+",
			Help:  "Connections divided by maxclients. Clients, replicas and the cluster bus all count, because Redis counts all of them against the limit.",
			gauge: computed(clientUtilization, "connected_clients", "connected_slaves", "cluster_connections", "maxclients"),
		},
		{
			Name: "pubsub-channels", Unit: "channels", Kind: Gauge, Aggregation: Sum,
			Help:  "Channels that have a subscriber.",
			gauge: level("pubsub_channels"),
		},
		{
			Name: "pubsub-shard-channels", Unit: "channels", Kind: Gauge, Aggregation: Sum, Versions: "7.0.3+",
			Help:  "Shard channels that have a subscriber (SSUBSCRIBE).",
			gauge: level("pubsubshard_channels"),
		},
		{
			Name: "pubsub-patterns", Unit: "patterns", Kind: Gauge, Aggregation: Sum,
			Help:  "Patterns that have a subscriber (PSUBSCRIBE), each counted once.",
			gauge: level("pubsub_patterns"),
		},
	}
}

// clientUtilization counts like acceptCommonHandler in Redis' networking.c, which
// refuses a connection when this number reaches maxclients.
func clientUtilization(in gaugeInput) ([]Series, error) {
	clients, errClients := in.info.Int("connected_clients")
	replicas, errReplicas := in.info.Int("connected_slaves")
	bus, errBus := in.info.Int("cluster_connections")
	limit, errLimit := in.info.Int("maxclients")
	if err := errors.Join(errClients, errReplicas, errBus, errLimit); err != nil {
		return nil, err
	}
	return share(clients+replicas+bus, limit, "maxclients is 0, so there is no ratio")
}
