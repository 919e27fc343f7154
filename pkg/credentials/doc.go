// Package credentials reads the Secrets and ConfigMaps that targets name, and makes
// them into credentials for connections to Redis.
//
// It is separate from package target, because Redis objects are watched, while Secrets
// are read periodically and change independently. No other package holds their content.
//
// Manager.Set and Manager.Remove say which targets exist; Manager.Get returns their
// immutable Credentials from memory. The ID of a target does not depend on them, so
// samples from before a rotation stay. All methods are safe for concurrent use. Get
// waits for the first read of what its own target names, and for nothing else: no
// read delays another target or the watch of objects.
//
// # Reads
//
// The only verb is get, on exactly the objects that targets name, so the owner of a
// namespace need not grant more. An object that many targets name is read once for each
// set of keys that they name, nothing else of it is kept, and it is forgotten when no
// target names it any more. It is read again after rereadPeriod, and at once when a
// target reports that the credentials did not work. Such reads are at least doubtGap
// apart, which doubles up to rereadPeriod while they bring nothing new. readsPerSecond
// bounds the reads of all objects, and inFlight the reads under way. With more than
// readsPerSecond times rereadPeriod objects, each is read less often.
//
// An adapter that may read every Secret relies on the admission policy that checks
// whether authors may get the Secrets that they name. With Manager.Require, no Secret
// is read while that policy is not enforced, and what was read before is forgotten.
//
// # Failures
//
// If an object is missing, forbidden or unusable, a *reason.Error that names the field of
// the Redis object replaces the credentials, so nothing is dialed with credentials that
// were taken away. If the API server does not answer, the credentials stay. The text of
// an Error may be shown to anybody. Its Advice names objects, and is for those who may
// read the Redis object. Neither contains anything of a Secret, and nor does any log:
// responses are read as a stream, which client-go does not log at any verbosity, and are
// bounded to maxAnswerBytes.
package credentials
