package launcher

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Types of entries of the auxiliary vector.
// Source: include/uapi/linux/auxvec.h, and arch/x86/include/uapi/asm/auxvec.h.
const (
	atNull        = 0
	atIgnore      = 1
	atSysinfoEHDR = 33 // where the vDSO is
)

// wordBytes is the size of what the initial stack is made of.
const wordBytes = 8

// trace begins to trace a process, which is killed if this one ends before it lets go.
func trace(pid int) error {
	const options = unix.PTRACE_O_TRACEEXEC | unix.PTRACE_O_EXITKILL
	_, _, errno := unix.Syscall6(unix.SYS_PTRACE, unix.PTRACE_SEIZE, uintptr(pid), 0, options, 0, 0)
	if errno != 0 {
		return fmt.Errorf("trace process %d: %w", pid, errno)
	}
	return nil
}

// awaitExec waits until a traced process has executed another program and stands still.
func awaitExec(pid int) error {
	for {
		var status unix.WaitStatus
		_, err := unix.Wait4(pid, &status, unix.WALL, nil)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return fmt.Errorf("wait for process %d: %w", pid, err)
		case !status.Stopped():
			return fmt.Errorf("process %d ended before it became the program", pid)
		case status.TrapCause() == unix.PTRACE_EVENT_EXEC:
			return nil
		}
		sig := int(status.StopSignal()) // of Go's runtime to itself, for instance
		if status.TrapCause() > 0 {
			sig = 0
		}
		if err := unix.PtraceCont(pid, sig); err != nil {
			return fmt.Errorf("let process %d go on: %w", pid, err)
		}
	}
}

// hideVDSO lets a program that stands still at its first instruction find no vDSO.
func hideVDSO(pid int) error {
	begin, err := startOfStack(pid)
	if err != nil {
		return fmt.Errorf("find the initial stack: %w", err)
	}
	memory, err := os.OpenFile(fmt.Sprintf("/proc/%d/mem", pid), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer memory.Close()
	at, err := findVDSO(io.NewSectionReader(memory, begin, math.MaxInt64-begin))
	if err != nil {
		return fmt.Errorf("walk the initial stack: %w", err)
	}
	if at < 0 {
		return nil // a kernel without one
	}
	if _, err := memory.WriteAt(binary.NativeEndian.AppendUint64(nil, atIgnore), begin+at); err != nil {
		return fmt.Errorf("hide the vDSO: %w", err)
	}
	return nil
}

func startOfStack(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// Source: proc_pid_stat(5). The name of the program, which may hold anything, is field 2 and ends with the last ")".
	const third, startstack = 3, 28
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) <= startstack-third {
		return 0, errors.New("/proc/PID/stat is short")
	}
	return strconv.ParseInt(fields[startstack-third], 10, 64)
}

// findVDSO returns where in an initial stack the entry of the vDSO is, below 0 if there is none. The stack is the number
// of arguments, the arguments and a zero, the environment and a zero, and the auxiliary vector.
func findVDSO(stack io.Reader) (int64, error) {
	words := bufio.NewReader(stack)
	at := int64(-wordBytes)
	next := func() (uint64, error) {
		var word [wordBytes]byte
		_, err := io.ReadFull(words, word[:])
		at += wordBytes
		return binary.NativeEndian.Uint64(word[:]), err
	}
	for range 2 { // arguments with their number, which is not zero, and environment
		for word, err := next(); word != 0 || err != nil; word, err = next() {
			if err != nil {
				return 0, err
			}
		}
	}
	for {
		kind, err := next()
		if err != nil {
			return 0, err
		}
		switch kind {
		case atNull:
			return -1, nil
		case atSysinfoEHDR:
			return at, nil
		}
		if _, err := next(); err != nil {
			return 0, err
		}
	}
}
