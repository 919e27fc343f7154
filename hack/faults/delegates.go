package faults

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"syscall"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"

	"github.com/redis-metrics/redis-metrics-adapter/hack/backend"
	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
)

const (
	// delegateClients is how many clients request metrics of the other adapter at a
	// time.
	delegateClients = 4
	// listedWithin is within what time the adapter reads the other adapter's list, and
	// relistedAfter how long after it could not use a list.
	// Source: listInterval and relistInterval in pkg/delegate/discovery.go.
	listedWithin, relistedAfter = 75 * time.Second, 10 * time.Second
)

// delegates returns the rows of the other adapter. They must not affect metrics of Redis.
func delegates() []Fault {
	row := func(name, how string, inject func(context.Context, *Subject, func()) error) Fault {
		return Fault{Name: name, How: how, Scope: Delegate, Within: 1, inject: inject}
	}
	signalled := func(signal syscall.Signal, repair func(context.Context, *backend.Backend) error, codes ...int) func(context.Context, *Subject, func()) error {
		return func(ctx context.Context, s *Subject, hold func()) error {
			return s.holdDelegate(ctx, hold, s.Backend.Signal(signal), func() error { return repair(ctx, s.Backend) }, codes...)
		}
	}
	behaves := func(mode backend.Mode, codes ...int) func(context.Context, *Subject, func()) error {
		return func(ctx context.Context, s *Subject, hold func()) error {
			return s.holdDelegate(ctx, hold, s.Backend.Be(ctx, mode), func() error { return s.Backend.Be(ctx, backend.Well) }, codes...)
		}
	}
	listing := func(mode backend.Mode) func(context.Context, *Subject, func()) error {
		return func(ctx context.Context, s *Subject, hold func()) error {
			err := errors.Join(s.Backend.Be(ctx, mode), s.listed(ctx))
			relisted := time.Now().Add(relistedAfter)
			return s.holdDelegate(ctx, func() {
				verifier.Sleep(ctx, time.Until(relisted)-2*time.Second)
				hold() // over the next time that it is read
			}, err, func() error { return s.Backend.Be(ctx, backend.Well) }, http.StatusOK)
		}
	}
	return []Fault{
		row("the other adapter is killed, and restarted later", "SIGKILL, restart",
			signalled(syscall.SIGKILL, func(ctx context.Context, b *backend.Backend) error { return b.Restart(ctx) }, http.StatusBadGateway)),
		row("the other adapter is suspended", "SIGSTOP, SIGCONT",
			signalled(syscall.SIGSTOP, func(_ context.Context, b *backend.Backend) error { return b.Signal(syscall.SIGCONT) }, http.StatusGatewayTimeout)),
		row("the network to the other adapter drops everything", "its backlog is full, so the kernel drops new connections", behaves(backend.BlackHole, http.StatusGatewayTimeout)),
		row("the other adapter has a certificate of an unknown CA", "its certificate is replaced", behaves(backend.Impostor, http.StatusBadGateway)),
		row("the other adapter rejects the token as expired", "401 for each token that it has seen before", behaves(backend.Expired, http.StatusBadGateway)),
		row("the other adapter fails", "500 for each request", behaves(backend.Broken, http.StatusInternalServerError)),
		row("the other adapter is overloaded", "429 with Retry-After: 3600", behaves(backend.Busy, http.StatusTooManyRequests)),
		row("a response of the other adapter does not end", "64 KiB every 10 ms", behaves(backend.Endless, 0)),
		row("the other adapter lists 100 MB of garbage", "100 MB in place of an APIResourceList", listing(backend.Garbage)),
		row("the other adapter lists 100,000 metrics", "an APIResourceList of 100,000", listing(backend.Flood)),
	}
}

// holdDelegate holds a fault of the other adapter once a request for one of its metrics
// has been answered with one of codes, where 0 means a response that breaks off. Such
// requests continue during the fault, and a namespace must be deletable. The repair is
// complete once the other adapter's metrics are served again.
func (s *Subject) holdDelegate(ctx context.Context, hold func(), broken error, repair func() error, codes ...int) error {
	client, err := kubernetes.NewForConfig(s.Plane.Config())
	if err != nil {
		return err
	}
	last := 0
	failed := s.until(ctx, fmt.Sprintf("the other adapter's metrics are answered with %d", codes), func(ctx context.Context) bool {
		last, _ = askDelegate(ctx, client)
		return slices.Contains(codes, last)
	})
	if failed != nil {
		failed = fmt.Errorf("%w; the last is %d", failed, last)
	}
	stop := LoadDelegate(ctx, client) // which opens the breaker
	gone := errors.Join(s.deleteNamespace(ctx), lists(ctx, client))
	hold()
	stop()
	err = errors.Join(broken, failed, gone, repair())
	return errors.Join(err, s.until(ctx, "the other adapter's metrics are answered again", func(ctx context.Context) bool {
		code, err := askDelegate(ctx, client)
		return err == nil && code == http.StatusOK
	}))
}

// LoadDelegate requests a metric of the other adapter repeatedly, whatever the
// responses, until the returned function is called. It runs while any fault of the
// other adapter is held.
func LoadDelegate(ctx context.Context, client kubernetes.Interface) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var clients sync.WaitGroup
	for range delegateClients {
		clients.Go(func() {
			wait.UntilWithContext(ctx, func(ctx context.Context) { _, _ = askDelegate(ctx, client) }, 50*time.Millisecond)
		})
	}
	return func() {
		cancel()
		clients.Wait()
	}
}

// askDelegate requests a metric of the other adapter, and returns the status code of
// the response, or 0 if it broke off.
func askDelegate(ctx context.Context, client kubernetes.Interface) (code int, err error) {
	body, err := client.CoreV1().RESTClient().Get().AbsPath("/apis/custom.metrics.k8s.io/v1beta2/" + backend.Metric).MaxRetries(0).Stream(ctx)
	if err != nil {
		if refused, ok := errors.AsType[*apierrors.StatusError](err); ok {
			code = int(refused.ErrStatus.Code)
		}
		return code, err
	}
	defer func() { _ = body.Close() }()
	if _, err := io.Copy(io.Discard, body); err != nil {
		return 0, err
	}
	return http.StatusOK, nil
}

// lists returns an error unless discovery has the metrics of Redis and those that the
// other adapter listed before.
func lists(ctx context.Context, client kubernetes.Interface) error {
	text, err := client.CoreV1().RESTClient().Get().AbsPath("/apis/custom.metrics.k8s.io/v1beta2").DoRaw(ctx)
	for _, want := range []string{`"` + backend.Listed + `"`, `"redises.redis-metrics.dev/` + verifier.RequestsPerSecond + `"`} {
		if err == nil && !bytes.Contains(text, []byte(want)) {
			err = fmt.Errorf("no %s is listed", want)
		}
	}
	return err
}

// listed waits until the adapter has read the other adapter's list.
func (s *Subject) listed(ctx context.Context) error {
	return wait.PollUntilContextTimeout(ctx, 200*time.Millisecond, listedWithin, true, func(ctx context.Context) (bool, error) {
		lists, err := s.Backend.Lists(ctx)
		return lists > 0, err
	})
}

// deleteNamespace creates a namespace and deletes it, for which the namespace
// controller asks each API.
func (s *Subject) deleteNamespace(ctx context.Context) error {
	const name = "passing"
	_, err := s.Plane.Kubectl(ctx, "create", "namespace", name)
	_, errGone := s.Plane.Kubectl(ctx, "delete", "namespace", name, "--wait=true", "--timeout=30s")
	return errors.Join(err, errGone)
}
