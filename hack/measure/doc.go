// Package measure holds what the bench and the hostile tier share: figures with their limits, the metrics that a program
// serves, and the CPU time and memory that a process takes.
//
// [Table] collects figures and prints them. A value that is too large, or too small, is missed only by more than the noise
// that the same run measured. [Parse] reads a response of /metrics.
//
// A Table is used by one goroutine. Processes are read from /proc, which Linux alone has: elsewhere that fails.
package measure
