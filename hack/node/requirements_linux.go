package node

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// Supported returns nil where a node can run, else why it cannot.
func Supported() error {
	if os.Geteuid() != 0 {
		return errors.New("it needs root")
	}
	if _, err := exec.LookPath("nft"); err != nil {
		return errors.New("it needs nft: run \"hack/install.sh nftables\"")
	}
	if err := checkVisible(); err != nil {
		return err
	}
	refused := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with its namespaces
		refused <- unix.Unshare(unix.CLONE_NEWNS | unix.CLONE_NEWNET)
	}()
	if err := <-refused; err != nil {
		return fmt.Errorf("it needs namespaces of its own: %w", err)
	}
	return nil
}

// checkVisible reports whether what is worked with lies where it can be seen inside.
func checkVisible() error {
	working, err := os.Getwd()
	if err != nil {
		return err
	}
	for _, dir := range []string{working, os.TempDir()} {
		for _, hidden := range inMemory {
			if strings.HasPrefix(dir+"/", hidden+"/") {
				return fmt.Errorf("it needs %s to lie elsewhere: the node has a %s of its own", dir, hidden)
			}
		}
	}
	return nil
}
