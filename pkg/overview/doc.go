// Package overview gathers what Redis objects and the HPAs that use them show now: values, targets, replicas, conditions
// and Events.
//
// It owns what is gathered, and how; drawing is up to its users. In flows what a [kubeapi.Getter] reads with the rights of whoever
// runs it; out flows an [Overview]. It changes nothing and keeps nothing: a history is up to its users as well.
//
// A value that is unknown is an error in its place, never 0. So is what may not be read, and the rest goes on; a read
// fails only if there is nothing to show. All values are asked for within 10 s, 16 at once, and each once, however many
// show it. A [Reader] is safe for concurrent use if its Getter is.
package overview
