package status

import (
	"context"
	"time"

	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/klog/v2"
)

const (
	// Another replica takes over from one that has not renewed for leaseDuration.
	leaseDuration = 15 * time.Second
	// A leader that could not renew for renewDeadline stops writing.
	renewDeadline = 10 * time.Second
	// retryPeriod is the time between attempts to take or renew the Lease.
	retryPeriod = 2 * time.Second
)

// RunElected runs the Controller whenever this replica holds the Lease of a lock, until ctx
// ends. Then it releases the Lease, so another replica takes over at once. A replica that
// loses the Lease tries to get it again. Two leaders for a moment do no harm, because each
// writes what it observes.
func (c *Controller) RunElected(ctx context.Context, lock *resourcelock.LeaseLock) {
	logger := klog.FromContext(ctx)
	for ctx.Err() == nil {
		leaderelection.RunOrDie(ctx, leaderelection.LeaderElectionConfig{
			Lock:            lock,
			LeaseDuration:   leaseDuration,
			RenewDeadline:   renewDeadline,
			RetryPeriod:     retryPeriod,
			ReleaseOnCancel: true,
			Name:            lock.LeaseMeta.Name,
			Callbacks: leaderelection.LeaderCallbacks{
				OnStartedLeading: func(ctx context.Context) {
					logger.Info("Elected to write status")
					c.Run(ctx)
				},
				OnStoppedLeading: func() { logger.Info("Not elected to write status") },
			},
		})
		c.awaitEnd()
	}
}

// awaitEnd waits until the last Run has ended.
func (c *Controller) awaitEnd() {
	c.running.Lock()
	defer c.running.Unlock()
}
