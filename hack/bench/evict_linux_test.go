package bench

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// evict takes a program that does not run out of the page cache, so that it is read from the disk when it starts, as
// that of an image is. Of one that was linked a moment ago the cache holds larger pieces, which the kernel maps whole
// (Linux 6.18: 15 MiB more of the adapter).
func evict(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), unix.Fadvise(int(file.Fd()), 0, 0, unix.FADV_DONTNEED), file.Close())
}
