// Package credentials reads the Secrets and ConfigMaps that targets name, and
// makes of them what a connection to Redis authenticates by.
//
// It is a room of its own, beside package target: objects are watched and stay,
// Secrets are asked for again and again and come and go without a change of any
// object, and nothing but this package ever holds what is in them.
//
// Targets flow in (Manager.Set, Manager.Remove); immutable Credentials flow out
// (Manager.Get), from memory. The ID of a target does not depend on them: what was
// sampled before a rotation stays. All methods are safe for concurrent use. Get
// waits for the first read of what its own target names, and for nothing else:
// no read delays another target or the watch of objects.
//
// # Reads
//
// The only verb is get, of the very objects that targets name, so that whoever
// owns a namespace grants no more than that. An object that many targets name is
// read once for all of them (once for each set of keys that they name, of which
// nothing else is kept), and forgotten when none names it any more. It is read
// again after rereadPeriod, and at once when a target doubts what it got, but no
// sooner than doubtGap after the last read that a doubt brought about, which
// doubles up to rereadPeriod as long as that brings nothing new. Over all,
// readsPerSecond bound the reads, and inFlight those that wait for an answer; past
// readsPerSecond times rereadPeriod objects, each is read less often.
//
// An adapter that may read every Secret relies on the admission policy that checks
// whether authors may get what they name. With Manager.Require, no Secret is read
// while that policy is not enforced, and what was read before is forgotten.
//
// # Failures
//
// What is missing, forbidden or unusable is an *Error, which names the field of
// the object, and takes the place of what was known: nothing is dialed with
// credentials that were taken away. When the API server does not answer, what was
// known stays. The text of an Error may be shown to anybody. Its Advice names the
// objects and is for those who may read the Redis object. Neither holds what a
// Secret holds, nor does any log: answers are read as a stream, which client-go
// does not log at any verbosity, and are bounded to maxAnswerBytes.
package credentials
