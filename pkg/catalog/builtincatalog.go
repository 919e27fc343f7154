package catalog

import "slices"

// Names of metrics that other packages ask for.
const (
	RequestsPerSecond = "requests-per-second"
	ConnectedClients  = "connected-clients"
	UsedMemoryBytes   = "used-memory-bytes"
)

// Builtin returns the catalog that every Redis object has. Its rows are in the files
// named after what they measure.
func Builtin() *Catalog {
	return newCatalog(slices.Concat(
		clientRows(),
		commandRows(),
		keyspaceRows(),
		memoryRows(),
		networkRows(),
		persistenceRows(),
		replicationRows(),
		serverRows(),
	)...)
}
