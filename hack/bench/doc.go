// Package bench measures the adapter against the ratios that it must reach, and fails when one is missed.
//
// [Run] takes the names of parts: sample, reaction, api, isolation, delegate, scale. An absolute figure depends on the
// machine and on what else it does, so each part measures its counterpart in the same run, turn by turn: a bare go-redis
// INFO loop, a minimal provider on the same library, the same requests while nothing fails, a smaller number of objects. A ratio is the median over the turns, and
// its noise the median distance of the turns from it; it is missed only by more than that.
//
// Figures flow out as a table and as JSON, one file for each part, beside CPU and heap profiles of the adapter.
//
// Redis, the control plane and the adapter are real processes, and the bench ends them. The delegate is the running
// program started again: main calls backend.Serve if backend.Started reports so. CPU time and memory are read
// from /proc: it runs on Linux alone. Run may be called once at a time. It fails, beside the ratios, when a process
// cannot be started or dies.
package bench
