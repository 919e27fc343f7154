// Package launcher starts an unmodified program with a wall clock and host names of its own, so that tests can step the
// one and change the other while nothing of the machine is touched. It needs Linux 5.19 on amd64 or arm64, and no root
// where the kernel lets users make namespaces: [LeftOut] says why a machine cannot have it.
//
// A [Clock] and a [Hosts] are files that a test writes; the line that [Options.Command] returns starts a program that goes
// by them. The line's process becomes the program by execve, so that it keeps its process id and signals need nobody to
// hand them on. A second process serves the clock. It is a child of the program, and the kernel kills it with it; if it
// fails itself, it kills the program, which would not know the time any more.
//
// The clock. Programs read it in memory that the kernel maps into them (the vDSO), without a system call. As execve ends,
// the second process, which traces it until then, takes the entry of this memory from the program's initial
// stack. From then on the program asks by system call, a seccomp filter hands those that ask for the wall clock to the
// second process, and that answers with the true time and the offset of the Clock. The monotonic clock and all else go
// past it. A reading costs tens of microseconds rather than tens of nanoseconds. Times that the kernel itself notes, those
// of files for instance, and timers at an instant of the wall clock, which Go has none of, are the machine's.
//
// The names. The program has a mount namespace of its own in which the Hosts lie at /etc/hosts. That is not a DNS server,
// and needs none, nor the right to listen on port 53. What is tested is that names are looked up when they must be, and
// Go's resolver asks for them alike, but for one thing: it goes by what it read for as long as [HostsCached].
//
// A Clock and a Hosts are safe for concurrent use. Errors of the launcher go to standard error, and it exits with 1.
package launcher
