// Package redisinfo reads the text that the Redis command INFO answers with
// into fields that are found by key.
//
// Text flows in (Parse), an immutable Info flows out. The one distinction that
// the package exists for is that an absent field differs from a zero one: every
// getter returns an error that wraps ErrAbsent or ErrMalformed instead of a
// number that nobody measured. Nothing is read by position, because field sets
// differ between versions of Redis and the servers that speak its protocol.
//
// An Info is safe for concurrent use; a Parser is not, since it keeps the
// schema of the answer before to read the next one cheaply: servers answer with
// the same keys in the same order. An Info holds the values of one answer alone,
// and shares their keys with all the other answers of the server.
//
// Schemas let the answers of many servers share their keys, and keep some fields
// alone. A field that is not kept is absent, so that whoever reads it gets an error
// and no number.
//
// Parse fails only when the text cannot be INFO at all. A single field that
// cannot be read makes just that field unknown.
//
// The format is described at https://redis.io/docs/latest/commands/info/.
package redisinfo
