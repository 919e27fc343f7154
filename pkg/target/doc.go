// Package target turns Redis objects into immutable targets and announces their
// changes.
//
// A watch on the API server delivers the objects. A Sink receives each target that
// appears, changes or goes, in order, and the Index says from memory which targets
// exist.
//
// A target names the Secrets and ConfigMaps that hold its credentials, and never
// holds their content, so it stays the same when they change. Package credentials
// reads them.
//
// The Index is safe for concurrent use, and its answers are never modified. The Sink
// is never called twice at the same time.
//
// Expressions are compiled in a separate goroutine: a target is announced at once with
// its expressions pending (Declared.Pending), and again when they are compiled.
// Namespaces take turns, and what is kept for each is bounded (expressioncompiler.go).
// An object never has an expression of an earlier spec.
//
// If the API server cannot be reached, the known targets stay, and the watch is tried
// again every two to three seconds. If the API server is silent for 75 seconds, and
// sends not even a bookmark, the objects are listed again. After two minutes Current
// reports that they may have changed. An accepted object that makes no valid target,
// which the schema should rule out, is logged and left out. It affects no other object.
package target
