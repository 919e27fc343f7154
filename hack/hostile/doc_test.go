// Package hostile runs all known attacks on the adapter at once, and measures what
// they do to the objects of another namespace.
//
// In namespace team-b are healthy objects of real Redis servers, whose load is
// known. In namespace team-a is a tenant with the role edit, who has servers,
// Sentinels and clusters that answer anything; a viewer of the namespace and
// clients without a name ask as well. The adapter runs in a memory cgroup of
// 512 MiB.
//
// Requests of the HorizontalPodAutoscaler's controller flow in through the API
// server, each value is held against the truth, and one table of figures with
// their limits flows out. A figure past its limit fails the test, and so does an
// attack that did nothing. The attack is bounded: it lasts for -duration, its loops
// are paced, and it leaves the machine's loopback interface nowhere.
//
// The test needs root on Linux and a memory cgroup. It is skipped elsewhere, and
// fails there if $REQUIRE_NODE is set.
//
// A part of all attacks runs by flags that name it, and a part of the tenant's servers:
//
//	make hostile DURATION=10m
//	make hostile DURATION=1m ARGS='-only=tenant -servers=Sentinel'
package hostile
