package status

import (
	"context"
	"errors"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	coordination "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/klog/v2"
)

// LeaderConfig says by which Lease the writer is elected. All fields are required.
type LeaderConfig struct {
	// Leases reads, creates and updates the Lease.
	Leases coordination.LeasesGetter
	// Namespace and Name are those of the Lease.
	Namespace, Name string
	// Identity tells this replica from the others, by its pod's name for example.
	Identity string
}

const (
	// A replica that does not renew for leaseDuration is replaced.
	leaseDuration = 15 * time.Second
	// A leader that could not renew for renewDeadline stops to write.
	renewDeadline = 10 * time.Second
	// retryPeriod is the time between attempts to take or renew the Lease.
	retryPeriod = 2 * time.Second
)

// RunElected runs the Writer whenever this replica holds the Lease, until ctx
// ends; then it gives the Lease up, so that another takes over at once. A
// replica that loses the Lease goes back to the queue: only its writes stop. Two
// leaders for a moment do no harm: each writes what it sees, and the last stays.
// It returns an error for a wrong LeaderConfig only.
func (w *Writer) RunElected(ctx context.Context, cfg LeaderConfig) error {
	if cfg.Leases == nil || cfg.Namespace == "" || cfg.Name == "" || cfg.Identity == "" {
		return errors.New("status: a field of LeaderConfig is not set")
	}
	logger := klog.FromContext(ctx)
	for ctx.Err() == nil {
		elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
			Lock: &resourcelock.LeaseLock{
				LeaseMeta:  metav1.ObjectMeta{Namespace: cfg.Namespace, Name: cfg.Name},
				Client:     cfg.Leases,
				LockConfig: resourcelock.ResourceLockConfig{Identity: cfg.Identity},
			},
			LeaseDuration:   leaseDuration,
			RenewDeadline:   renewDeadline,
			RetryPeriod:     retryPeriod,
			ReleaseOnCancel: true,
			Name:            cfg.Name,
			Callbacks: leaderelection.LeaderCallbacks{
				OnStartedLeading: func(ctx context.Context) {
					logger.Info("Elected to write status")
					w.Run(ctx)
				},
				OnStoppedLeading: func() { logger.Info("Not elected to write status") },
			},
		})
		if err != nil {
			return fmt.Errorf("status: leader election: %w", err)
		}
		elector.Run(ctx)
		w.awaitEnd()
	}
	return nil
}

// awaitEnd waits for a Run whose context has ended.
func (w *Writer) awaitEnd() {
	w.running.Lock()
	defer w.running.Unlock()
}
