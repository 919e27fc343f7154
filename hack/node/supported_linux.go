package node

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"

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
