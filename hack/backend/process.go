package backend

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
)

const (
	// environment has the addresses to serve at and to be told at, and the directory
	// of certificates.
	environment = "REDIS_METRICS_TEST_BACKEND"
	// Service is the Service that it is said to be.
	Service = "elsewhere/backend"
	// Host is the name of the Service, which the certificate is for.
	Host = "backend.elsewhere.svc"
	// Metric is where it answers for a metric, below a version of the API.
	Metric = "namespaces/default/pods/a/" + metric
	// Listed is what it lists.
	Listed = "pods/" + metric
)

// Pair is a certificate and its key, in PEM.
type Pair struct{ Certificate, Key []byte }

// Backend is a backend that was started.
type Backend struct {
	*cluster.Process
	// Port is where it serves, at all addresses of this machine.
	Port    int
	control string
}

// Start starts a backend that ends with the cluster at the latest. Of its
// certificates one is wrong. They are kept in a directory.
func Start(ctx context.Context, c *cluster.Cluster, dir string, right, wrong Pair) (*Backend, error) {
	for name, data := range map[string][]byte{
		"right.crt": right.Certificate, "right.key": right.Key, "wrong.crt": wrong.Certificate, "wrong.key": wrong.Key,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			return nil, err
		}
	}
	port, err := cluster.FreePort()
	if err != nil {
		return nil, err
	}
	control, err := cluster.FreePort()
	if err != nil {
		return nil, err
	}
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	b := &Backend{Port: port, control: fmt.Sprintf("127.0.0.1:%d", control)}
	b.Process, err = c.StartProgram(ctx, cluster.Program{
		Name: "backend", Path: program, Env: append(os.Environ(), fmt.Sprintf("%s=127.0.0.1:%d,%s,%s", environment, port, b.control, dir)),
		Ready: func(ctx context.Context) error { return b.Be(ctx, Well) },
	})
	return b, err
}

// Be has it behave in another way.
func (b *Backend) Be(ctx context.Context, mode Mode) error {
	_, err := b.tell(ctx, http.MethodPut, string(mode))
	return err
}

// Lists returns how often it has listed metrics since it behaves as it does.
func (b *Backend) Lists(ctx context.Context) (int, error) {
	text, err := b.tell(ctx, http.MethodGet, "")
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(text)
}

func (b *Backend) tell(ctx context.Context, method, path string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, "http://"+b.control+"/"+path, nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("the backend says: %s", text)
	}
	return string(text), err
}
