// Package hostile runs all known attacks on the adapter at once, and measures their
// effect on the objects of another namespace.
//
// Namespace team-b has healthy objects of real Redis servers under a known load.
// Namespace team-a has a tenant with the role edit, whose servers, Sentinels and
// clusters answer anything; a viewer of the namespace and anonymous clients send
// requests as well. The adapter runs in a memory cgroup of 512 MiB.
//
// The test requests metrics through the API server as the HorizontalPodAutoscaler's
// controller does, compares each value with the load, and prints one table of figures
// with their limits. It fails for a figure past its limit, and for an attack that did
// nothing. The attack is bounded: it lasts for -duration, its loops are paced, and it
// never leaves the machine's loopback interface.
//
// The test needs root on Linux and a memory cgroup. Elsewhere it is skipped, or fails
// if $REQUIRE_NODE is set.
//
// Flags name some of the attacks, and some of the tenant's servers:
//
//	make hostile DURATION=10m
//	make hostile DURATION=1m ARGS='-only=tenant -servers=Sentinel'
package hostile
