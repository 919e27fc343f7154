package ledger

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

// until repairs what a change that failed left open, until that succeeds or ctx ends.
func (l *Load) until(ctx context.Context, err error, repair func(context.Context) error) error {
	ticker := time.NewTicker(pace)
	defer ticker.Stop()
	for err != nil {
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-ticker.C:
			err = repair(ctx)
		}
	}
	return nil
}

// Measure reads the levels from the servers, and takes them for the truth.
func (l *Load) Measure(ctx context.Context) error {
	return l.between(ctx, func(ctx context.Context) error {
		sent := time.Now()
		jobs, err := l.client.LLen(ctx, Backlog).Result()
		if err != nil {
			return err
		}
		groups, err := l.client.XInfoGroups(ctx, Events).Result()
		if err != nil {
			return err
		}
		keys, err := l.client.DBSize(ctx).Result()
		if err != nil {
			return err
		}
		l.truth.Executed(sent, time.Now(), 1)
		acked := time.Now()
		l.truth.Set(Backlog, sent, acked, float64(jobs))
		l.truth.Set(Keys, sent, acked, float64(keys))
		if len(groups) == 1 && groups[0].Lag >= 0 {
			l.truth.Set(Lag, sent, acked, float64(groups[0].Lag))
		}
		return nil
	})
}

// Options returns what the client of one server is made with.
func Options(address, username, password string) *redis.Options {
	return &redis.Options{
		Addr: address, Username: username, Password: password, PoolSize: 1, MaxRetries: -1, DialerRetries: 1,
		DialTimeout: answering, ReadTimeout: answering, WriteTimeout: answering, DisableIdentity: true,
	}
}

// FailoverOptions returns what the client of a primary that sentinels know is made with.
func FailoverOptions(name string, sentinels []string) *redis.FailoverOptions {
	return &redis.FailoverOptions{
		MasterName: name, SentinelAddrs: sentinels, PoolSize: 1, MaxRetries: -1, DialerRetries: 1,
		DialTimeout: answering, ReadTimeout: answering, WriteTimeout: answering, DisableIdentity: true,
	}
}

// ClusterOptions returns what the client of a Redis Cluster is made with.
func ClusterOptions(addresses []string) *redis.ClusterOptions {
	return &redis.ClusterOptions{
		Addrs: addresses, PoolSize: 1, MaxRetries: -1, DialerRetries: 1,
		DialTimeout: answering, ReadTimeout: answering, WriteTimeout: answering, DisableIdentity: true,
	}
}

// Remeasure reads the levels once the servers answer: a failover may have lost what was written last.
func (l *Load) Remeasure(ctx context.Context) error {
	return l.until(ctx, l.Measure(ctx), l.Measure)
}
