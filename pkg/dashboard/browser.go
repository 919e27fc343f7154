package dashboard

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
)

// Open opens a URL in the user's browser, and does not wait for it.
func Open(ctx context.Context, url string) error {
	ctx = context.WithoutCancel(ctx) // the browser outlives the server
	var command *exec.Cmd
	switch runtime.GOOS {
	case "darwin":
		command = exec.CommandContext(ctx, "open", url)
	case "windows":
		command = exec.CommandContext(ctx, "rundll32", "url.dll,FileProtocolHandler", url)
	default:
		if os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
			return errors.New("there is no display")
		}
		command = exec.CommandContext(ctx, "xdg-open", url)
	}
	if err := command.Start(); err != nil {
		return err
	}
	go func() { _ = command.Wait() }()
	return nil
}
