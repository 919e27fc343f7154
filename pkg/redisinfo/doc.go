// Package redisinfo parses the reply to the Redis command INFO into fields that are
// found by key.
//
// Text flows in (Parse), an immutable Info flows out. The package exists to distinguish
// an absent field from one that is zero: every getter returns an error that wraps
// ErrAbsent or ErrMalformed instead of a number that nobody measured. Nothing is read
// by position, because the fields differ between versions of Redis and the servers that
// speak its protocol.
//
// An Info is safe for concurrent use. A Parser is not, because it keeps the schema of
// the last reply to parse the next one cheaply: a server replies with the same keys in
// the same order. An Info holds only the values of one reply, and shares the keys with
// other replies of the server.
//
// Schemas let the replies of many servers share their keys, and keep only some fields.
// A field that is not kept is absent, so reading it is an error.
//
// Parse fails only if the text cannot be INFO at all. If a single field cannot be read,
// only that field is unknown.
//
// The format is described at https://redis.io/docs/latest/commands/info/.
package redisinfo
