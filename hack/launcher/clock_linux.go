package launcher

import (
	"fmt"
	"os"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const offsetBytes = 8

// Clock is by how much the wall clock of a program is off, in memory that a file shares between processes.
type Clock struct {
	mapped []byte
}

// NewClock makes a clock that is right, in a new file. The caller closes it.
func NewClock(path string) (*Clock, error) {
	if err := os.WriteFile(path, make([]byte, offsetBytes), 0o600); err != nil {
		return nil, fmt.Errorf("make a clock: %w", err)
	}
	return openClock(path)
}

func openClock(path string) (*Clock, error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("open the clock: %w", err)
	}
	defer file.Close()
	mapped, err := unix.Mmap(int(file.Fd()), 0, offsetBytes, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map the clock %s: %w", path, err)
	}
	return &Clock{mapped}, nil
}

// Set makes all readings that begin from now on be off by an offset, ahead if it is above zero.
func (c *Clock) Set(offset time.Duration) { atomic.StoreInt64(c.offset(), int64(offset)) }

// Offset is by how much it is off.
func (c *Clock) Offset() time.Duration { return time.Duration(atomic.LoadInt64(c.offset())) }

// offset is the memory that is shared, which begins with a page.
func (c *Clock) offset() *int64 { return (*int64)(unsafe.Pointer(&c.mapped[0])) }

// Close ends its use here. Programs go on by what it was set to last.
func (c *Clock) Close() error { return unix.Munmap(c.mapped) }
