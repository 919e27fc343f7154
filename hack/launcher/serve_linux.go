package launcher

import (
	"errors"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// question is a system call that waits for its answer, struct seccomp_notif.
// Source: include/uapi/linux/seccomp.h.
type question struct {
	id           uint64
	pid, flags   uint32
	call         int32
	architecture uint32
	instruction  uint64
	arguments    [6]uint64
}

// answer is struct seccomp_notif_resp.
type answer struct {
	id           uint64
	value        int64
	errno, flags int32
}

// serve is the second process: it traces its parent until that becomes the program, and serves the clock at a path
// then. It returns only if it fails, and kills the program then.
func serve(path string) error {
	program := os.Getppid()
	err := serveProgram(program, path)
	fmt.Fprintln(os.Stderr, "launcher:", err) // this process ends with the program
	return errors.Join(err, unix.Kill(program, unix.SIGKILL))
}

func serveProgram(program int, path string) error {
	clock, err := openClock(path)
	if err != nil {
		return err
	}
	listener, err := takeListener()
	if err != nil {
		return err
	}
	if err := trace(program); err != nil {
		return err
	}
	if _, err := unix.Write(socketFD, []byte{0}); err != nil {
		return fmt.Errorf("say that the program may begin: %w", err)
	}
	if err := unix.Close(socketFD); err != nil {
		return err
	}
	if err := awaitExec(program); err != nil {
		return err
	}
	if err := hideVDSO(program); err != nil {
		return err
	}
	if err := unix.PtraceDetach(program); err != nil {
		return fmt.Errorf("let the program go: %w", err)
	}
	// Who asks wakes this process on its own processor, which is the faster way. Kernels before 6.6 know no other.
	_, _, _ = unix.Syscall(unix.SYS_IOCTL, uintptr(listener), unix.SECCOMP_IOCTL_NOTIF_SET_FLAGS, unix.SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP)
	for {
		if err := answerNext(listener, clock); err != nil {
			return err
		}
	}
}

// takeListener receives the listener from the parent.
func takeListener() (int, error) {
	space := make([]byte, unix.CmsgSpace(4))
	_, n, _, _, err := unix.Recvmsg(socketFD, make([]byte, 1), space, 0)
	if err != nil {
		return 0, fmt.Errorf("receive the listener: %w", err)
	}
	messages, err := unix.ParseSocketControlMessage(space[:n])
	if err != nil || len(messages) != 1 {
		return 0, errors.Join(errors.New("no listener was sent"), err)
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(fds) != 1 {
		return 0, errors.Join(errors.New("no listener was sent"), err)
	}
	unix.CloseOnExec(fds[0])
	return fds[0], nil
}

// answerNext answers one question. They are answered one after the other, so that no answer to a call that was given up
// is written after that to its repetition.
func answerNext(listener int, clock *Clock) error {
	asked := question{}
	switch err := control(listener, unix.SECCOMP_IOCTL_NOTIF_RECV, unsafe.Pointer(&asked)); {
	case errors.Is(err, unix.EINTR), errors.Is(err, unix.ENOENT): // nobody asks any more
		return nil
	case err != nil:
		return fmt.Errorf("receive a question: %w", err)
	}
	reply := answer{id: asked.id}
	if err := tell(&asked, listener, clock); err != nil {
		errno := unix.EFAULT
		_ = errors.As(err, &errno)
		reply.errno = -int32(errno)
	}
	err := control(listener, unix.SECCOMP_IOCTL_NOTIF_SEND, unsafe.Pointer(&reply))
	if err != nil && !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("answer: %w", err)
	}
	return nil
}

// tell writes the time into the memory of who asked for it, once that is known to wait still, and not to be another
// thread of the same number.
func tell(asked *question, listener int, clock *Clock) error {
	var now unix.Timespec
	if err := unix.ClockGettime(int32(asked.arguments[0]), &now); err != nil {
		return err
	}
	now = unix.NsecToTimespec(now.Nano() + clock.Offset().Nanoseconds())
	if err := control(listener, unix.SECCOMP_IOCTL_NOTIF_ID_VALID, unsafe.Pointer(&asked.id)); err != nil {
		return err
	}
	here := []unix.Iovec{{Base: (*byte)(unsafe.Pointer(&now)), Len: uint64(unsafe.Sizeof(now))}}
	there := []unix.RemoteIovec{{Base: uintptr(asked.arguments[1]), Len: int(unsafe.Sizeof(now))}}
	_, err := unix.ProcessVMWritev(int(asked.pid), here, there, 0)
	return err
}

func control(fd int, request uintptr, argument unsafe.Pointer) error {
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(argument)); errno != 0 {
		return errno
	}
	return nil
}
