package status

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	// objectGap is the shortest time between two writes to one object.
	objectGap = time.Second
	// minNumbersGap is the shortest time between a write and one of numbers alone.
	minNumbersGap = 60 * time.Second
	// conditionsPerSecond and conditionsBurst bound writes of conditions to all objects.
	conditionsPerSecond, conditionsBurst = 50, 100
	// numbersPerSecond and numbersBurst bound writes of numbers alone to all objects.
	numbersPerSecond, numbersBurst = 10, 20
	// namespaceGap and namespaceBurst bound all writes to the objects of one namespace: a burst,
	// and one write in each gap. With more, a tenant whose servers change at each attempt could
	// grow etcd by 10 MB in 10 minutes beyond what the tenant writes.
	namespaceGap, namespaceBurst = 2 * time.Second, 100
	// numbersLeave is how much of a namespace's bucket a write of numbers alone must leave.
	numbersLeave = namespaceBurst / 2
	// overdueLeave is how much of the bucket of numbers an object leaves to objects that have
	// waited longer.
	overdueLeave = numbersBurst / 2
	// fairShareLeave is how much of a namespace's bucket an object leaves once it has had its
	// share.
	fairShareLeave = namespaceBurst / 10

	// workers bounds the requests under way, and numbersInFlight those for numbers among them.
	workers, numbersInFlight = 16, 4
	// requestTimeout bounds one request to the API server.
	requestTimeout = 10 * time.Second
	// firstRetry and lastRetry are the shortest and the longest wait after a failed write.
	firstRetry, lastRetry = time.Second, 60 * time.Second
	// maxPoll bounds the time between two attempts to get a token.
	maxPoll = 60 * time.Second
	// watchLag is how long the last write takes precedence over a watch that does not
	// show it.
	watchLag = 60 * time.Second
	// holdAtMost bounds how long the status of the previous leader is held.
	holdAtMost = 60 * time.Second
	// resyncPeriod is the longest time between two reconciliations of an object.
	resyncPeriod = 10 * time.Minute
	// failureLogGap is the shortest time between two log lines about failing writes.
	failureLogGap = 10 * time.Second
)

// limits bounds writes. It keeps no queue: an object that gets no token polls. That is
// fair because an object that was written lately leaves the last tokens to others.
type limits struct {
	conditions, numbers *rate.Limiter
	numbersInFlight     chan struct{}

	mu         sync.Mutex
	namespaces map[string]*namespace
	objects    int
}

type namespace struct {
	bucket  *rate.Limiter
	objects int
}

func newLimits() *limits {
	return &limits{
		conditions:      rate.NewLimiter(conditionsPerSecond, conditionsBurst),
		numbers:         rate.NewLimiter(numbersPerSecond, numbersBurst),
		numbersInFlight: make(chan struct{}, numbersInFlight),
		namespaces:      map[string]*namespace{},
	}
}

// count changes the number of objects in a namespace.
func (l *limits) count(name string, change int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.objects += change
	if l.namespaces[name] == nil {
		for other, ns := range l.namespaces {
			if ns.objects == 0 && ns.bucket.Tokens() >= namespaceBurst {
				delete(l.namespaces, other)
			}
		}
		l.namespaces[name] = &namespace{bucket: rate.NewLimiter(rate.Every(namespaceGap), namespaceBurst)}
	}
	l.namespaces[name].objects += change
}

// share returns the time in which each object of a namespace can be written once.
func (ns *namespace) share() time.Duration {
	return time.Duration(ns.objects) * namespaceGap
}

// numbersGap returns the time between a write and one of numbers alone.
func (l *limits) numbersGap(name string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.gap(l.namespaces[name])
}

// gap returns how long it takes to write all objects once, so that each has its turn.
func (l *limits) gap(ns *namespace) time.Duration {
	return max(minNumbersGap, time.Duration(l.objects)*time.Second/numbersPerSecond, ns.share())
}

// retryAfter returns when to try again to get a token. The fewer objects try, the
// sooner it is.
func (l *limits) retryAfter(name string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Second + rand.N(min(l.namespaces[name].share(), maxPoll))
}

// acquire reports whether an object may be written now. Conditions wait for their turn
// among all objects. Call release after the write.
func (l *limits) acquire(ctx context.Context, o *object, conditions bool) (release func(), ok bool) {
	if conditions {
		return func() {}, l.take(o, conditions) && l.conditions.Wait(ctx) == nil
	}
	select {
	case l.numbersInFlight <- struct{}{}:
	default:
		return nil, false
	}
	release = func() { <-l.numbersInFlight }
	if !l.take(o, conditions) {
		release()
		return nil, false
	}
	return release, true
}

// take takes a token of the namespace and, for a write of numbers alone, one of
// numbers, if enough is left for others.
func (l *limits) take(o *object, conditions bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	ns, now := l.namespaces[o.name.Namespace], time.Now()
	since := now.Sub(o.wroteAt)
	leaves := func(bucket *rate.Limiter, leave int) bool { return bucket.TokensAt(now) >= float64(1+leave) }
	switch {
	case conditions && since < ns.share():
		return leaves(ns.bucket, fairShareLeave) && ns.bucket.AllowN(now, 1)
	case conditions:
		return ns.bucket.AllowN(now, 1)
	case !leaves(ns.bucket, numbersLeave), since < l.gap(ns)*5/4 && !leaves(l.numbers, overdueLeave):
		return false
	}
	return l.numbers.AllowN(now, 1) && ns.bucket.AllowN(now, 1)
}
