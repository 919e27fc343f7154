// Package egress decides which addresses the adapter may connect to.
//
// Whoever may create a Redis object chooses an address, and the adapter connects to it
// from a place in the network that the author may not reach. So a Policy checks the
// resolved IP address at each dial: set net.Dialer.ControlContext to Policy.Control.
// Where the address came from (spec.address, a Sentinel, a node of a cluster, DNS that
// answers differently the second time) does not matter.
//
// Always refused are
//   - link-local, multicast, broadcast and unspecified addresses, and the
//     addresses at which cloud providers serve an instance's credentials;
//   - the API server of the cluster, by its address and port;
//   - whatever is neither TCP nor a Unix socket.
//
// Unix sockets are refused outside Config.SocketDirectories, which is empty by default:
// on a node, a path may lead to the container runtime. Symbolic links are followed
// first. Whoever may write to one of these directories could change a link between the
// check and the dial, and is trusted like the server that listens there.
//
// Loopback is refused unless Config.AllowLoopback is set, for an adapter that runs
// beside its Redis on a developer's machine. Config.Allowed, if set, lists all that may
// be dialed. It admits nothing of the above.
//
// An IPv4-mapped IPv6 address is checked as the IPv4 address to which the kernel
// connects. The IPv4 addresses within NAT64's well-known and local-use prefixes,
// IPv4-translated addresses, 6to4, Teredo and ISATAP are checked too, because a gateway
// may forward to them. A NAT64 prefix of the network's own looks like any other
// address: set Config.Allowed there.
//
// A refused dial fails with ErrRefused before a packet is sent. The reasons that an
// object shows for failed dials (package reason) differ, because each has another fix.
// From them, a patient author can learn which ports are open where the policy allows
// dials, one port per object and interval, but never what answers there. If that is too
// much, list the networks and ports of Redis. Then the adapter dials nothing else, and
// all other addresses fail in the same way.
//
// A Policy is immutable and safe for concurrent use.
package egress
