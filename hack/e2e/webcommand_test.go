package e2e

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"testing"

	"k8s.io/client-go/tools/clientcmd"
)

// webCommand is a running "kubectl redis-metrics top --web".
type webCommand struct {
	kubeconfig string
	url        string
	token      string // of the kubeconfig
	output     *bytes.Buffer
	end        func() // waits for the whole output
}

// serveWeb runs the command as a service account that may view the namespace.
func (s *fixture) serveWeb(t *testing.T) webCommand {
	t.Helper()
	s.kubectl(t, "create", "serviceaccount", "viewer", "-n", s.namespace)
	s.kubectl(t, "create", "rolebinding", "viewer", "-n", s.namespace, "--clusterrole=view", "--serviceaccount="+s.namespace+":viewer")
	kubeconfig, err := s.KubeconfigForServiceAccount(t.Context(), s.namespace, "viewer")
	if err != nil {
		t.Fatal(err)
	}
	return s.startWeb(t, kubeconfig, "0")
}

// startWeb runs the command at a port, or at a free one if it is 0.
func (s *fixture) startWeb(t *testing.T, kubeconfig, port string) webCommand {
	t.Helper()
	config, err := clientcmd.LoadFromFile(kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	c := webCommand{kubeconfig: kubeconfig, output: &bytes.Buffer{}}
	for _, user := range config.AuthInfos {
		c.token = user.Token
	}
	command, err := s.command(t.Context(), kubeconfig, filepath.Join(os.Getenv("BIN_DIR"), "kubectl"),
		"redis-metrics", "top", "--web", "--interval=1s", "--port="+port, "-n", s.namespace)
	if err != nil {
		t.Fatal(err)
	}
	command.Stderr = c.output
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stdout)
	line, err := lines.ReadString('\n')
	if err != nil {
		t.Fatalf("top --web printed %q: %v", line, err)
	}
	c.url = regexp.MustCompile(`http://127\.0\.0\.1:\d+/#\w+`).FindString(line)
	c.end = sync.OnceFunc(func() {
		_ = command.Process.Signal(os.Interrupt)
		rest, _ := io.ReadAll(lines)
		if err := command.Wait(); err != nil {
			t.Errorf("top --web: %v: %s", err, c.output)
		}
		c.output.WriteString(line + string(rest))
	})
	t.Cleanup(c.end)
	return c
}
