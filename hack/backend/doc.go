// Package backend is another adapter that fails on demand: what the adapter
// delegates to while faults are injected.
//
// [Start] starts the running program again as a process of its own, which can be
// killed and stopped: the program's main or TestMain calls [Serve] if [Started]
// reports so. [Backend.Be] changes how the backend behaves.
//
// A Backend is safe for concurrent use. An error says that the process could not
// be controlled, and nothing about the adapter.
package backend
