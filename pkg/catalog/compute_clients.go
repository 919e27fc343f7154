package catalog

import "errors"

// clientUtilization counts as acceptCommonHandler in Redis' networking.c does,
// which refuses a connection when these reach maxclients.
func clientUtilization(in gaugeInput) ([]Series, error) {
	clients, errClients := in.info.Int("connected_clients")
	replicas, errReplicas := in.info.Int("connected_slaves")
	bus, errBus := in.info.Int("cluster_connections")
	limit, errLimit := in.info.Int("maxclients")
	if err := errors.Join(errClients, errReplicas, errBus, errLimit); err != nil {
		return nil, err
	}
	return share(clients+replicas+bus, limit, "maxclients is 0, so that there is no ratio")
}
