package backend

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"k8s.io/client-go/util/cert"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
)

const (
	// environment has the addresses to serve at and to be controlled at, and the
	// directory of certificates.
	environment = "REDIS_METRICS_TEST_BACKEND"
	// Host is the name of its Service, which the certificate is for. An adapter must
	// resolve it to this machine.
	Host    = "backend.elsewhere.svc"
	service = "elsewhere/backend"
	// Metric is the path of a metric that it serves, below a version of the API.
	Metric = "namespaces/default/pods/a/" + metric
	// Listed is the metric that it lists.
	Listed = "pods/" + metric
	// Value is the response to a request for a metric.
	Value = `{"kind":"MetricValueList","apiVersion":"custom.metrics.k8s.io/v1beta2","metadata":{},"items":[{"describedObject":` +
		`{"kind":"Pod","namespace":"default","name":"a","apiVersion":"/v1"},"metric":{"name":"` + metric + `","selector":null},` +
		`"timestamp":"2026-01-01T00:00:00Z","value":"200"}]}`

	metric       = "requests"
	right, wrong = "right", "wrong"
)

// Backend is a backend that was started.
type Backend struct {
	*cluster.Process
	port            int
	caFile, control string
}

// Start starts a backend that ends with the cluster at the latest. Its certificates
// are kept in the cluster's directory.
func Start(ctx context.Context, c *cluster.Cluster) (*Backend, error) {
	dir := filepath.Join(c.Dir(), "backend")
	if err := writeCertificates(dir); err != nil {
		return nil, err
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
	b := &Backend{port: port, caFile: filepath.Join(dir, right+".crt"), control: fmt.Sprintf("127.0.0.1:%d", control)}
	b.Process, err = c.StartProgram(ctx, cluster.Program{
		Name: "backend", Path: program, Env: append(os.Environ(), fmt.Sprintf("%s=127.0.0.1:%d,%s,%s", environment, port, b.control, dir)),
		Ready: func(ctx context.Context) error { return b.Be(ctx, Well) },
	})
	return b, err
}

// writeCertificates writes two certificates for the same host, each of an authority
// of its own, whose certificate follows in the same file.
func writeCertificates(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for _, name := range []string{right, wrong} {
		certificate, key, err := cert.GenerateSelfSignedCertKey(Host, nil, nil)
		if err != nil {
			return err
		}
		path := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(path+".crt", certificate, 0o600), os.WriteFile(path+".key", key, 0o600)); err != nil {
			return err
		}
	}
	return nil
}

// Arguments returns the arguments with which an adapter delegates to the backend.
func (b *Backend) Arguments() []string {
	return []string{fmt.Sprintf("--delegate-to=%s:%d", service, b.port), "--delegate-ca-file=" + b.caFile, "--delegate-server-name="}
}

// Be has it behave in another way.
func (b *Backend) Be(ctx context.Context, mode Mode) error {
	_, err := b.request(ctx, http.MethodPut, string(mode))
	return err
}

// Lists returns how often it has listed metrics since it behaves as it does.
func (b *Backend) Lists(ctx context.Context) (int, error) {
	text, err := b.request(ctx, http.MethodGet, "")
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(text)
}

func (b *Backend) request(ctx context.Context, method, path string) (string, error) {
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
