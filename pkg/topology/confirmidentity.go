package topology

import "github.com/redis-metrics/redis-metrics-adapter/pkg/reason"

// confirm checks that each server that answered is the one that its endpoint
// means. A server asked as a replica that says that it is a primary, that
// replicates another primary or that answered at another endpoint too becomes an
// error of its own, so that no data counts twice. confirm fails with
// SharedServer if two primaries are one server. Replicas come last in asked.
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

// dataOf returns the ID of the data that a server holds, which it shares with
// its replicas; empty if it does not tell.
// Source: https://redis.io/docs/latest/operate/oss_and_stack/management/replication/#replication-id-explained
func dataOf(got *result) string {
	if got.Info == nil {
		return ""
	}
	id, _ := got.Info.Text("master_replid")
	return id
}

// replicatesOther reports whether a replica is synchronized with other data
// than its primary's. One that is not yet has an ID of its own.
func replicatesOther(replica *result, primary string) bool {
	link, _ := replica.Info.Text("master_link_status")
	id := dataOf(replica)
	return link == "up" && id != "" && primary != "" && id != primary
}
