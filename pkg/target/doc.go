// Package target turns Redis objects into immutable targets and announces their
// changes.
//
// A watch on the API server delivers the objects. A Sink is told of each target that
// appears, changes or goes, in order, and the Index answers which targets exist,
// from memory.
//
// A target names the Secrets and ConfigMaps that hold its credentials, and never
// holds their content, so it stays the same when they change. Package credentials
// reads them.
//
// The Index is safe for concurrent use, and its answers are never modified. The Sink
// is never called twice at the same time.
//
// Expressions are compiled in a goroutine of their own: a target is announced at
// once with its expressions pending (Declared.Pending), and again when they are
// compiled. Namespaces take turns, and what is kept for each is bounded (see
// expressioncompiler.go). An object never has an expression of an earlier spec.
//
// If the API server cannot be reached, the known targets stay, and it is asked again
// every two to three seconds. If it says nothing for 75 seconds, not even that nothing
// has changed, the objects are listed again. After two minutes Current reports that
// they may have changed. An object that the API server accepted and that makes
// no valid target (the schema should rule that out) is left out and logged. It harms
// no other object.
package target
