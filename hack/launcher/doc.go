// Package launcher starts an unmodified program with its own wall clock and host names, so that tests can step the clock
// and change addresses without touching the machine. It needs Linux 5.19 on amd64 or arm64, and no root if the kernel lets
// users make namespaces: [LeftOut] returns why a machine cannot use it.
//
// A [Clock] and a [Hosts] are files that a test writes. [Options.Command] returns the beginning of a command line that
// starts a program with them. The launcher's process becomes the program by execve, so the process ID stays and signals
// arrive. A second process serves the clock. It is a child of the program, and the kernel kills it with the program; if
// it fails, it kills the program, which would no longer know the time.
//
// The clock: programs read it from memory that the kernel maps into them (the vDSO), without a system call. At the end of
// execve the second process, which traces the program until then, removes the entry for this memory from the program's
// initial stack. From then on the program uses system calls. A seccomp filter passes those that read the wall clock to the
// second process, which answers with the true time plus the offset of the Clock. The monotonic clock and all else are
// unaffected. A reading costs tens of microseconds instead of tens of nanoseconds. Times that the kernel records, such as
// those of files, and timers at an instant of the wall clock, which Go does not use, are the machine's.
//
// The names: the program has its own mount namespace, with the Hosts at /etc/hosts. This needs neither a DNS server nor
// the right to listen on port 53. Tests check that names are looked up when they must be; Go's resolver does so in the
// same way as with DNS, except that it caches the file for [HostsCached].
//
// A Clock and a Hosts are safe for concurrent use. The launcher writes errors to standard error, and exits with 1.
package launcher
