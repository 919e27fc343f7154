// Package backend is another adapter that fails on demand: what the adapter
// delegates to while faults are injected.
//
// [Start] starts it as a process of its own, so that it can be killed and stopped,
// by starting the running test program again: its TestMain calls [Serve] if
// [Started] says so. [Backend.Be] then has it behave in another way.
//
// A Backend is safe for concurrent use. An error says that the process could not
// be told, and nothing about the adapter.
package backend
