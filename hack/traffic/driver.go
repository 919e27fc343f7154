package traffic

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	pace = 20 * time.Millisecond
	// longestBatch bounds what is made up for at once after a delay.
	longestBatch = 10 * pace
)

// Driver sends commands to a Redis at a steady rate.
type Driver struct {
	client redis.UniversalClient
	perSec atomic.Int64
}

// New returns a driver for the server at an address. It sends nothing until it has a rate and runs.
func New(address string) *Driver {
	return NewDriver(&redis.Options{Addr: address, PoolSize: 1})
}

// NewDriver returns a driver for the server of options.
func NewDriver(options *redis.Options) *Driver { return &Driver{client: redis.NewClient(options)} }

// NewCluster returns a driver for the Redis Cluster that nodes at some addresses belong to.
func NewCluster(addresses ...string) *Driver {
	return &Driver{client: redis.NewClusterClient(&redis.ClusterOptions{Addrs: addresses, PoolSize: 1})}
}

// SetRate changes the load, from the next batch on.
func (d *Driver) SetRate(requestsPerSecond int) { d.perSec.Store(int64(requestsPerSecond)) }

// Run sends traffic until ctx ends, or returns why it could not. It tells answered, which may be nil, how many commands
// were in each batch, and the instants before it was sent and after it was answered.
func (d *Driver) Run(ctx context.Context, answered func(sent, acked time.Time, commands int64)) error {
	defer func() { _ = d.client.Close() }()
	ticker := time.NewTicker(pace)
	defer ticker.Stop()
	var total int64
	var due float64
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		now := time.Now()
		due += min(now.Sub(last), longestBatch).Seconds() * float64(d.perSec.Load())
		last = now
		count := int64(due)
		due -= float64(count)
		if err := d.send(ctx, total, count); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("send traffic to Redis: %w", err)
		}
		total += count
		if answered != nil {
			answered(now, time.Now(), count)
		}
	}
}

// send sends commands number first to first+count-1 in one round trip: a SET, then four GETs, and so on.
func (d *Driver) send(ctx context.Context, first, count int64) error {
	if count == 0 {
		return nil
	}
	pipe := d.client.Pipeline()
	for n := first; n < first+count; n++ {
		key := "demo:" + strconv.FormatInt(n/5%100, 10)
		if n%5 == 0 {
			pipe.Set(ctx, key, n, 0)
		} else {
			pipe.Get(ctx, key)
		}
	}
	_, err := pipe.Exec(ctx)
	return err
}
