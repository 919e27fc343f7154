// Package connection owns how a server is reached: dialing by the egress policy, TLS and
// credentials, the limits on connections and on what a server may reply, and the end of
// scripts that do not end.
//
// A Dialer is what all targets share, a Group the servers of one target, a Server one of
// them, which is reached over one connection after the other, and a Link one connection.
// Server.Do calls its user with a Link, and returns a *reason.Error if the attempt failed;
// the connection is closed then, and the next attempt dials again.
//
// # Dialing
//
// The egress policy judges each resolved address before it is dialed. The dials of each
// namespace are bounded, and so are the connections to one IP address and port, for all
// targets and for each namespace: targets cannot keep a server from its own clients.
// With TLS, nothing is sent to a server before it has shown a valid certificate.
//
// # Credentials
//
// Each attempt gets the newest credentials. Changed ones are tried on a second
// connection, after the current one has answered, and replace it once they have
// succeeded too. Until then Do says why, and they are tried again, at each attempt at
// first and every 30 s in the end. A lost connection is dialed with the newest
// credentials or not at all.
//
// # Scripts
//
// A script that is not answered in time may block its server for all clients. Its
// connection is watched on after the attempt, even if the target is gone. Once the server
// answers BUSY to others and that connection is still silent, this script is the one
// that runs: it is killed, and the target's scripts are off from then on.
//
// A Dialer and a Group are safe for concurrent use, a Server and a Link are not.
package connection
