// Package bench measures the adapter against the ratios that it must reach, and fails when one is missed.
//
// An absolute figure depends on the machine and on what else it does, so each part of BenchmarkAdapter measures its
// counterpart in the same run, turn by turn: a bare go-redis INFO loop, a minimal provider on the same library, the same
// requests while nothing fails, a smaller number of objects. A ratio is the median over the turns, and its noise the median
// distance of the turns from it; it is missed only by more than that.
//
// Each part prints its figures as a table and writes them as JSON to _output/bench, beside CPU and heap profiles of the
// adapter. It runs once, which -benchtime=1x sees to:
//
//	make bench
//	make bench-sample
//
// Redis, the control plane and the adapter are real processes, and a part ends its own. The delegate is the running
// program started again. CPU time and memory are read from /proc: it runs on Linux alone.
package bench
