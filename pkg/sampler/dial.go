package sampler

import (
	"context"
	"net"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// ClientName is the name under which the adapter's connections stand in CLIENT LIST.
const ClientName = "redis-metrics-adapter"

// Buffers of a connection hold a short question and the lines of an answer: INFO, of about 6 KB, is read past them.
const writeBufferBytes, readBufferBytes = 512, 1 << 10

// dial makes a client that dials its one connection in the next attempt.
func (p *probe) dial() *redis.Client {
	dialer := &net.Dialer{Timeout: p.target.Timeout}
	return redis.NewClient(&redis.Options{
		Addr:       p.address,
		DB:         p.database,
		ClientName: ClientName,
		Dialer: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			guarded := &guard{Conn: conn}
			p.conn.Store(guarded)
			return guarded, nil
		},
		Protocol:        2,
		DisableIdentity: true,
		// One attempt is one attempt: the loop decides when the next one is due.
		MaxRetries:            -1,
		DialerRetries:         1,
		ContextTimeoutEnabled: true,
		DialTimeout:           p.target.Timeout,
		ReadTimeout:           p.target.Timeout,
		WriteTimeout:          p.target.Timeout,
		PoolTimeout:           p.target.Timeout,
		PoolSize:              1,
		MaxIdleConns:          1,
		ConnMaxIdleTime:       -1,
		// Else pipelines get a pool of their own, with 256 KiB of buffers for each connection.
		PipelinePoolSize: -1,
		ReadBufferSize:   readBufferBytes,
		WriteBufferSize:  writeBufferBytes,
		MaintNotificationsConfig: &maintnotifications.Config{
			Mode: maintnotifications.ModeDisabled,
		},
	})
}

func (p *probe) close() {
	if p.client != nil {
		_ = p.client.Close()
		p.client = nil
		p.conn.Store(nil)
	}
}
