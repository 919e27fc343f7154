//go:build !linux

package launcher

import (
	"errors"
	"time"
)

var errLinux = errors.New("the launcher needs Linux")

func supported() error { return errLinux }

// Main is the launcher, which Linux alone can have.
func Main([]string) error { return errLinux }

// Clock is by how much the wall clock of a program is off, on Linux.
type Clock struct{}

// NewClock fails.
func NewClock(string) (*Clock, error) { return nil, errLinux }

// Set does nothing.
func (*Clock) Set(time.Duration) {}

// Offset is zero.
func (*Clock) Offset() time.Duration { return 0 }

// Close does nothing.
func (*Clock) Close() error { return nil }
