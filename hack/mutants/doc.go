// Package mutants holds plausible bugs, each a patch to the adapter, and shows
// that the tests see every one of them.
//
// The name of a patch names its bug. Its header says what goes wrong, and with
// which arguments "go test" must fail:
//
//	Bug: A span crosses a restart of a replica.
//	Test: ./pkg/history -run TestReplica
//
// Run applies one patch after the other to a copy of the tree. A bug is caught
// if a test fails that passes without the patch. A patch that does not apply or
// does not compile, and one that takes longer than MaxTime, is not caught.
//
// A survivor lacks a test: write it beside the code.
package mutants
