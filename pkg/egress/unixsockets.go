package egress

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
)

// CheckSocketDirectory says what is wrong with a directory of Config.SocketDirectories, and what to write instead.
func CheckSocketDirectory(dir string) error {
	switch clean := filepath.Clean(dir); {
	case !filepath.IsAbs(dir):
		return fmt.Errorf("%q is not an absolute path: write a directory such as /var/run/redis", dir)
	case clean == "/":
		return fmt.Errorf("%q holds every socket of the machine: write the directory that holds those of Redis, such as /var/run/redis", dir)
	case clean != dir:
		return fmt.Errorf("%q is written in a roundabout way: write %s", dir, clean)
	}
	return nil
}

// controlSocket checks the path of a Unix socket. A path outside the directories is refused
// without a look at the file system, so nobody learns what exists there.
func (p *Policy) controlSocket(path string) error {
	if !filepath.IsAbs(path) || filepath.Clean(path) != path {
		return ErrRefused
	}
	for _, dir := range p.cfg.SocketDirectories {
		if !inside(dir, path) {
			continue
		}
		trueDir, err := filepath.EvalSymlinks(dir)
		if err != nil {
			return errors.Join(ErrRefused, err)
		}
		truePath, err := filepath.EvalSymlinks(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return err
		case err != nil:
			return errors.Join(ErrRefused, err)
		case inside(trueDir, truePath):
			return nil
		}
	}
	return ErrRefused
}

func inside(dir, path string) bool {
	return strings.HasPrefix(path, dir+string(filepath.Separator))
}
