//go:build !linux

package node

// Enclose runs the rest of a program in namespaces of its own, which Linux alone has.
func Enclose(func(Enclosure) int) (int, error) {
	return 0, &UnsupportedError{Supported()}
}
