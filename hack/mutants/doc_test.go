// Package mutants holds plausible bugs, each a patch to the adapter, and shows
// that the tests see every one of them.
//
// The name of a patch names its bug. Its header says what goes wrong, and with
// which arguments "go test" must fail:
//
//	Bug: A span crosses a restart of a replica.
//	Test: ./pkg/history -run TestReplica
//
// TestMutants applies one patch after the other to a copy of the tree. A bug is
// caught if a test fails that passes without the patch. A patch that does not
// apply or does not compile, and one that takes longer than maxTime, is not
// caught. Flags pick some of the patches:
//
//	make mutants ARGS='-only=rotation'
//	make mutants ARGS='-n=6'
//
// A survivor lacks a test: write it beside the code.
package mutants
