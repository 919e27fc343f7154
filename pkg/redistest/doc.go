// Package redistest starts real redis-server processes for tests.
//
// New starts one on a free port of the loopback interface, in a directory of
// its own, without persistence, and returns when it answers. It ends with the
// test. Arguments are those of redis-server, and later ones win over the
// defaults: New(t, "--requirepass", "secret").
//
// NewTLS starts one that speaks TLS too, by certificates of an Authority that lives
// in the test.
//
// A server that cannot be started fails the test with a sentence that says what
// to install; it never skips it. A Server is not safe for concurrent use, but
// its Client is.
package redistest
