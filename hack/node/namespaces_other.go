//go:build !linux

package node

import (
	"errors"
	"fmt"
)

// Supported returns nil where a node can run, else why it cannot.
func Supported() error { return errors.New("it needs Linux") }

// Run runs the rest of a program in namespaces of its own, which Linux alone has.
func Run(func(Namespaces) int) (int, error) {
	return 0, fmt.Errorf("%w: %w", errUnsupported, Supported())
}
