package redistest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// parentVariable makes this test's process one that starts the server of that
// name and waits to be killed.
const parentVariable = "REDISTEST_PARENT"

// TestServerEndsWithItsTest kills a process that has started a server, as a
// signal from a terminal does, so that it runs no cleanup.
func TestServerEndsWithItsTest(t *testing.T) {
	if name := os.Getenv(parentVariable); name != "" {
		for _, p := range Programs(t) {
			if p.Name == name {
				fmt.Println(p.New(t).Addr)
				select {}
			}
		}
	}
	Each(t, testServerEndsWithItsTest)
}

func testServerEndsWithItsTest(t *testing.T, p Program) {
	ctx, cancel := context.WithTimeout(t.Context(), startWithin)
	defer cancel()
	parent := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestServerEndsWithItsTest$")
	parent.Env = append(os.Environ(), parentVariable+"="+p.Name, "TMPDIR="+t.TempDir())
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the process that starts a server says nothing: %v", err)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	for dialer := (net.Dialer{}); ; {
		conn, err := dialer.DialContext(ctx, "tcp", strings.TrimSpace(line))
		if errors.Is(err, syscall.ECONNREFUSED) {
			return
		}
		if err == nil {
			_ = conn.Close()
		}
		select {
		case <-ctx.Done():
			t.Fatal("the server runs on though the process that started it was killed")
		case <-time.After(poll):
		}
	}
}
