package poller

// MaxNodes bounds how many nodes of a cluster are sampled for one object, each over its
// own connection.
const MaxNodes = 128

// CountNodes returns how many nodes shards have.
func CountNodes(shards []Shard) int {
	count := len(shards)
	for _, s := range shards {
		count += len(s.Replicas)
	}
	return count
}
