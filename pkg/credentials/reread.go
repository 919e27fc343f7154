package credentials

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/klog/v2"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

const (
	// rereadPeriod is the time, or up to a fifth more, after which an object is read again.
	rereadPeriod = 30 * time.Second
	// doubtGap is the shortest time between two reads of an object because of rejected
	// credentials.
	doubtGap = 3 * time.Second
	// readsPerSecond and inFlight bound the reads of all objects.
	readsPerSecond, inFlight = 100, 8
	// readTimeout bounds one read.
	readTimeout = 10 * time.Second
	// failureLogGap is the shortest time between two log lines about failing reads.
	failureLogGap = 10 * time.Second
)

// Run reads until ctx ends.
func (k *Manager) Run(ctx context.Context) {
	var readers sync.WaitGroup
	for range inFlight {
		readers.Go(func() {
			for k.next(ctx) {
			}
		})
	}
	<-ctx.Done()
	k.queue.ShutDown()
	readers.Wait()
}

// next reads the object that is due next. It reports false when ctx has ended.
func (k *Manager) next(ctx context.Context) bool {
	n, ended := k.queue.Get()
	if ended {
		return false
	}
	defer k.queue.Done(n)
	k.mu.Lock()
	d := k.documents[n]
	k.mu.Unlock()
	if d == nil {
		return true
	}
	d.begin(time.Now())
	if k.limit.Wait(ctx) != nil {
		return false
	}
	found, err := &content{problem: unguarded}, error(nil)
	if n.kind != target.Secret || k.guarded() {
		found, err = read(ctx, k.client, n)
	}
	if ctx.Err() != nil {
		return false
	}
	if err != nil {
		k.logging.Do(func() {
			klog.FromContext(ctx).Error(err, "Credentials not read, will try again", "kind", n.kind, "object", klog.KRef(n.namespace, n.name))
		})
	}
	d.learn(found)
	k.queue.AddAfter(n, wait.Jitter(rereadPeriod, 0.2))
	return true
}

// object is a Secret or ConfigMap that targets name.
type object struct {
	users int // of the Manager's mutex

	current atomic.Pointer[content] // nil until the first read
	first   chan struct{}           // closed by the first read

	mu      sync.Mutex
	askedAt time.Time     // when the last read began that was asked for
	gap     time.Duration // the shortest time from then to the next read that is asked for
	doubted bool          // whether the next read was asked for, or the one under way
	reading bool          // whether one is under way
}

func newObject() *object {
	return &object{first: make(chan struct{}), gap: doubtGap}
}

// reportRejected returns how soon to read again. again is false while a read is under way,
// which may find something new.
func (d *object) reportRejected(now time.Time) (after time.Duration, again bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.reading {
		return 0, false
	}
	d.doubted = true
	return max(0, d.gap-now.Sub(d.askedAt)), true
}

// begin records that a read begins.
func (d *object) begin(now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.reading = true
	if d.doubted {
		d.askedAt = now
	}
}

// learn records the outcome of a read.
func (d *object) learn(found *content) {
	d.mu.Lock()
	defer d.mu.Unlock()
	known := d.current.Load()
	same := found.equal(known) || found.problem == unavailable && known != nil
	if !same {
		d.current.Store(found)
	}
	if same && d.doubted {
		d.gap = min(2*d.gap, rereadPeriod)
	} else {
		d.gap = doubtGap
	}
	d.doubted, d.reading = false, false
	if known == nil {
		close(d.first)
	}
}
