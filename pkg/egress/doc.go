// Package egress decides which addresses the adapter may connect to.
//
// Whoever may create a Redis object chooses an address, and the adapter connects
// to it from a place in the network where the author may not be. A Policy is
// therefore asked at each dial, on the IP address that the name was resolved to:
// give Policy.Control to net.Dialer.ControlContext. It does not matter where the
// address came from (spec.address, a Sentinel, a node of a cluster, DNS that
// answers differently the second time), since no connection is made past it.
//
// Refused at all times are
//   - link-local, multicast, broadcast and unspecified addresses, and the
//     addresses at which cloud providers serve an instance's credentials;
//   - the API server of the cluster, by its address and port;
//   - whatever is neither TCP nor a Unix socket.
//
// Unix sockets are refused except in Config.SocketDirectories, which is empty by
// default: on a node, a path may lead to the container runtime. What
// counts is where a path leads through symbolic links. Whoever may write to one of
// these directories could put another link there between the look and the dial,
// and is trusted as the server that listens there is.
//
// Loopback is refused unless Config.AllowLoopback is set, for an adapter that
// runs beside its Redis on a developer's machine. Config.Allowed, where it is
// given, is the whole list of what may be dialed; it admits nothing of the above.
//
// An IPv4-mapped IPv6 address is judged as the IPv4 address that the kernel
// connects to. The IPv4 addresses within NAT64's well-known and local-use
// prefixes, IPv4-translated addresses, 6to4, Teredo and ISATAP are judged too,
// since a gateway may send to them. A NAT64 prefix that the network has chosen
// elsewhere cannot be told from other addresses here: give the list.
//
// A refused dial fails with ErrRefused before a packet is sent. The reasons that an
// object shows for failed dials (package sampler) differ, because each has another
// fix. They let a patient author learn which ports are open where the policy lets
// the adapter look, one port an object and interval, but never what answers there.
// Where that is too much, list the networks and ports of Redis: then nothing else
// is looked at, and every other address reads alike.
//
// A Policy is immutable and safe for concurrent use.
package egress
