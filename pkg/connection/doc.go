// Package connection owns how a server is reached: dialing by the egress policy, TLS and
// credentials, the limits on connections and on replies, and killing endless scripts.
//
// All targets share a Dialer. A Group has the servers of one target. A Server is one of
// them, which is reached over one connection after the other, and a Link is one
// connection. Server.Do calls its user with a Link. If the attempt fails, it returns a
// *reason.Error and closes the connection, and the next attempt dials again.
//
// # Dialing
//
// The egress policy checks each resolved address before it is dialed. The dials of each
// namespace are bounded, and so are the connections to one IP address and port, for all
// targets and for each namespace, so targets cannot shut out a server's own clients.
// With TLS, nothing is sent to a server before it has shown a valid certificate.
//
// # Credentials
//
// Each attempt gets the newest credentials. After a change, they are tried on a second
// connection, after the current one has answered. It replaces the current one once it
// has succeeded too. Until then Do returns why it has not, and tries again, at first at
// each attempt, later every 30 s. A lost connection is dialed with the newest
// credentials or not at all.
//
// # Scripts
//
// A script that does not finish in time may block its server for all clients. Its
// connection is watched after the attempt, even if the target is gone. If the server
// answers BUSY to others while that connection is still silent, this script is the one
// that runs. It is killed, and the target's scripts are off from then on.
//
// A Dialer and a Group are safe for concurrent use. A Server and a Link are not.
package connection
