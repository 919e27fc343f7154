//go:build !linux

package node

import "errors"

// Supported returns nil where a node can run, else why it cannot.
func Supported() error { return errors.New("it needs Linux") }

// Enclose runs the rest of a program in namespaces of its own, which Linux alone has.
func Enclose(func(Enclosure) int) (int, error) {
	return 0, &UnsupportedError{Supported()}
}
