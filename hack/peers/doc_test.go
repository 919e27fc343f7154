// Package peers measures the adapter beside the other ways in which a metric of Redis reaches the HorizontalPodAutoscaler:
// redis_exporter with Prometheus and prometheus-adapter, and KEDA.
//
// [BenchmarkPeers] starts each peer alone, as processes on a local control plane with the real HPA controller, and gives all of
// them the same redis-servers and the same load. The parts are:
//
//   - start: each metric has a value, and scales a StatefulSet through a real HPA.
//   - reaction: how long after a step in the load the value shows it, the replicas follow, and both are gone again.
//   - cost: what the processes of a peer take for 10, 100 and 1,000 Redis, and what a user writes.
//   - truth: what is served and scaled under faults, compared with what was sent. Package faults injects the faults, and
//     package verifier sends the load.
//
// A [Result] is written to _output/bench as JSON and as Markdown.
//
// "make bench-peers" runs the benchmark. It fails if a process cannot be started or ends, and never because a peer is better or
// worse than another.
package peers
