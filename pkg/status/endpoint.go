package status

import (
	"fmt"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// maxEndpointLength is what the schema takes.
const maxEndpointLength = 600

// endpoint says where an object's servers are found, in one line for people. It
// shortens a list as kubectl does.
func endpoint(t *target.Target) string {
	switch {
	case t.Sentinel != nil:
		return printable(t.Sentinel.MasterName+"@"+first(t.Sentinel.Addresses), maxEndpointLength)
	case t.Cluster != nil:
		return printable(first(t.Cluster.Addresses), maxEndpointLength)
	}
	return t.Address
}

func first(addresses []string) string {
	if more := len(addresses) - 1; more > 0 {
		return fmt.Sprintf("%s + %d more...", addresses[0], more)
	}
	return addresses[0]
}
