// Package target turns Redis objects into immutable targets and announces their
// changes.
//
// Objects flow in from a watch on the API server; targets flow out in two ways:
// a Sink is told of each one that appears, changes or goes, in order, and the
// Index answers which targets exist, from memory.
//
// A target names the Secrets and ConfigMaps that hold its credentials; it never
// holds what is in them, so that it stays what it is when they change. Package
// credentials reads them.
//
// The Index is safe for concurrent use and its answers are never modified. The
// Sink is never called twice at the same time.
//
// Expressions are compiled in a goroutine of their own: a target is announced at
// once with its expressions pending (Declared.Pending), and again with them
// compiled. Namespaces take turns, and what is kept of each is bounded, see
// formulas.go. An object never has an expression of its spec before.
//
// When the API server cannot be reached, the targets known so far stay, and it
// is asked again every two to three seconds, so that the watch goes on as soon as it can. An object that the API server accepted and
// that makes no valid target (which the schema should rule out) is left out and
// logged; it harms no other.
package target
