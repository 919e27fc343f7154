// Package overview gathers the current state of Redis objects and of the HPAs that use them: values, targets, replicas,
// conditions and Events.
//
// It owns what is gathered, and how. Its users draw it, and keep a history if they need one. In flows what a
// [kubeapi.Getter] reads with the rights of whoever runs it. Out flows an [Overview]. It changes nothing and keeps
// nothing.
//
// An unknown value is an error in its place, never 0. So is what may not be read, and the rest is still read. A read
// fails only if there is nothing to show. All values are requested within 10 s, 16 at a time, and each only once. A
// [Reader] is safe for concurrent use if its Getter is.
package overview
