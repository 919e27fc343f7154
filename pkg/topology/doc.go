// Package topology owns which servers a target has, and whether their responses are
// consistent. Nodes makes one attempt after the other, and turns the responses of
// package poller into a history.Sample.
//
// Each attempt finds the servers again:
//   - standalone.go: one server;
//   - sentinel.go: the primary that sentinels name, which must say itself that it is one;
//   - replication.go: the replicas that either lists, and those that it lists no more;
//   - cluster.go: the primaries of a cluster, which must agree who the primaries are
//     (clusteragreement.go), and together own all slots; each must answer, unless the object
//     allows partial answers.
//
// A replica that does not answer, or does not report that it replicates that primary, is
// left out of the sample. The sample is valid without it. No server counts twice,
// whatever addresses lead to it (confirmidentity.go). Node.Migrating reports whether
// slots migrate (slotmigration.go).
//
// Nodes are not safe for concurrent use. The error of an attempt is a *reason.Error. It
// names no address, and nothing that a server said.
package topology
