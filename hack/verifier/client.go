package verifier

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
	"k8s.io/apimachinery/pkg/util/wait"
)

// until retries a failed change with repair, until that succeeds or ctx ends.
func (l *Load) until(ctx context.Context, err error, repair func(context.Context) error) error {
	if err == nil {
		return nil
	}
	failure := wait.PollUntilContextCancel(ctx, pace, false, func(ctx context.Context) (bool, error) {
		err = repair(ctx)
		return err == nil, nil
	})
	return errors.Join(failure, err)
}

// Measure reads the levels from the servers, and records them as the truth.
func (l *Load) Measure(ctx context.Context) error {
	return l.between(ctx, func(ctx context.Context) error {
		sent := time.Now()
		measured := map[string]float64{}
		for name, read := range map[string]func() *redis.IntCmd{
			Backlog: func() *redis.IntCmd { return l.client.LLen(ctx, Backlog) },
			Steps:   func() *redis.IntCmd { return l.client.SCard(ctx, Members) },
			Length:  func() *redis.IntCmd { return l.client.XLen(ctx, EventStream) },
			Keys:    func() *redis.IntCmd { return l.client.DBSize(ctx) },
		} {
			value, err := read().Result()
			if err != nil {
				return err
			}
			measured[name] = float64(value)
		}
		groups, err := l.client.XInfoGroups(ctx, EventStream).Result()
		if err != nil {
			return err
		}
		if len(groups) == 1 && groups[0].Lag >= 0 {
			measured[Lag] = float64(groups[0].Lag)
		}
		acked := time.Now()
		l.truth.Executed(sent, acked, Events{Requests: 3})
		for name, value := range measured {
			l.truth.Set(name, sent, acked, value)
		}
		return nil
	})
}

// Started records when the process of a single server was started, as the server
// reports it.
func (l *Load) Started(ctx context.Context) error {
	server, asked, err := l.server(ctx)
	if err != nil {
		return err
	}
	seconds, err := strconv.ParseFloat(server["uptime_in_seconds"], 64)
	l.truth.Set(Started, asked.Add(-remembered), time.Now(), stamp(asked)-seconds)
	return err
}

// Process returns the run ID of the single server that the load reaches.
func (l *Load) Process(ctx context.Context) (id string, err error) {
	server, _, err := l.server(ctx)
	return server["run_id"], err
}

// server returns what INFO says about the process of a single server, and when it was
// requested.
func (l *Load) server(ctx context.Context) (server map[string]string, asked time.Time, err error) {
	err = l.between(ctx, func(ctx context.Context) error {
		asked = time.Now()
		info, err := l.client.InfoMap(ctx, "server").Result()
		server = info["Server"]
		return err
	})
	return server, asked, err
}

// Options returns the options of a client of one server.
func Options(address, username, password string) *redis.Options {
	options := universalOptions(address)
	options.Username, options.Password = username, password
	return options.Simple()
}

// FailoverOptions returns the options of a client of a primary that sentinels know.
func FailoverOptions(name string, sentinels []string) *redis.FailoverOptions {
	options := universalOptions(sentinels...)
	options.MasterName = name
	return options.Failover()
}

// ClusterOptions returns the options of a client of a Redis Cluster.
func ClusterOptions(addresses []string) *redis.ClusterOptions {
	return universalOptions(addresses...).Cluster()
}

// universalOptions returns options without retries, because a load must know each
// attempt.
func universalOptions(addresses ...string) *redis.UniversalOptions {
	return &redis.UniversalOptions{
		Addrs: addresses, PoolSize: 1, MaxRetries: -1, DialerRetries: 1,
		DialTimeout: answering, ReadTimeout: answering, WriteTimeout: answering, DisableIdentity: true,
	}
}

// Remeasure reads the levels once the servers answer, because a failover may have lost the last
// writes.
func (l *Load) Remeasure(ctx context.Context) error {
	return l.until(ctx, l.Measure(ctx), l.Measure)
}
