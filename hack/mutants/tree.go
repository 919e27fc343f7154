package mutants

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// copyTree copies the files that git knows or would add, with their modes, and
// links the built programs.
func copyTree(ctx context.Context, from, to string) error {
	list := exec.CommandContext(ctx, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = from
	names, err := list.Output()
	if err != nil {
		return fmt.Errorf("listing the files of %s: %w", from, err)
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(names), "\x00"), "\x00") {
		if err := copyFile(filepath.Join(from, name), filepath.Join(to, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return os.Symlink(filepath.Join(from, "bin"), filepath.Join(to, "bin"))
}

func copyFile(from, to string) error {
	info, err := os.Lstat(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		target, err := os.Readlink(from)
		if err != nil {
			return err
		}
		return os.Symlink(target, to)
	}
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, content, info.Mode().Perm())
}

// apply applies a patch to a tree that is no work tree of git. It takes no
// patch whose context differs.
func (m Mutant) apply(ctx context.Context, tree string, flags ...string) error {
	command := exec.CommandContext(ctx, "git", append([]string{"apply"}, flags...)...)
	command.Dir, command.Stdin = tree, bytes.NewReader(m.patch)
	// Within a work tree, git would look for the files from its root on.
	command.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(tree))
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("does not apply: %s", strings.TrimSpace(string(out)))
	}
	return nil
}
