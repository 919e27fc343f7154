package demo

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// openPage has the plugin of kubectl open its page in the browser, if it is asked for, until the returned function is
// called. The text says where the page is, or which command opens it.
func openPage(ctx context.Context, options Options, kubeconfig string) (text string, end func() error, err error) {
	plugin := filepath.Join(os.Getenv("BIN_DIR"), "kubectl-redis_metrics")
	args := []string{"top", "--web", "--kubeconfig", kubeconfig}
	if !options.Web {
		return fmt.Sprintf("To see the HPA in the browser, run in another terminal:\n  %s %s", fromHere(plugin), strings.Join(args, " ")), func() error { return nil }, nil
	}
	command := exec.CommandContext(ctx, plugin, append(args, "--open")...)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	stdout, err := command.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := command.Start(); err != nil {
		return "", nil, err
	}
	end = func() error {
		if err := command.Cancel(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return err
		}
		return command.Wait()
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return "", nil, errors.Join(fmt.Errorf("%s does not say where the page is: %w", plugin, err), end())
	}
	before, _, _ := strings.Cut(line, " until ") // the demo ends by itself
	return before + " while this demo runs.", end, nil
}

// fromHere shortens a path to what leads there from the working directory.
func fromHere(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	relative, err := filepath.Rel(here, path)
	if err != nil || strings.HasPrefix(relative, "..") {
		return path
	}
	return relative
}
