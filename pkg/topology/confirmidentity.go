package topology

import "github.com/redis-metrics/redis-metrics-adapter/pkg/reason"

// confirm checks that each server that answered is the one its endpoint means. The
// result of a replica becomes an error if the server says that it is a primary, if it
// replicates another primary, or if it answered at another endpoint too, so no data
// counts twice. confirm fails with SharedServer if two primaries are one server.
// Replicas come last in asked.
func confirm(asked []endpoint, results []result) error {
	if len(asked) == 1 {
		return nil // most targets
	}
	servers := map[string]bool{}
	data := map[string]string{} // of each shard's primary
	for i, at := range asked {
		got := &results[i]
		if got.err != nil {
			continue
		}
		known := got.Name != "" && servers[got.Name]
		servers[got.Name] = true
		switch {
		case !at.replica && known:
			return &reason.Error{Reason: reason.SharedServer}
		case !at.replica:
			data[at.shard] = dataOf(got)
		case known || !got.Replica || replicatesOther(got, data[at.shard]):
			*got = result{err: &reason.Error{Reason: reason.NotReplica}}
		}
	}
	return nil
}

// dataOf returns the ID of the data that a server holds, which it shares with its
// replicas, or an empty string if it does not report one.
// Source: https://redis.io/docs/latest/operate/oss_and_stack/management/replication/#replication-id-explained
func dataOf(got *result) string {
	if got.Info == nil {
		return ""
	}
	id, _ := got.Info.Text("master_replid")
	return id
}

// replicatesOther reports whether a replica is synchronized with data other than its
// primary's. A replica that is not yet synchronized has its own ID.
func replicatesOther(replica *result, primary string) bool {
	link, _ := replica.Info.Text("master_link_status")
	id := dataOf(replica)
	return link == "up" && id != "" && primary != "" && id != primary
}
