package connection

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strings"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
)

func handshake(ctx context.Context, socket net.Conn, config *tls.Config, address string) (net.Conn, error) {
	if config.ServerName == "" {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		host, _, _ = strings.Cut(host, "%") // the zone of an IPv6 address
		config = config.Clone()
		config.ServerName = strings.TrimSuffix(host, ".")
	}
	conn := tls.Client(socket, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("%w: %w", reason.ErrHandshake, err)
	}
	return conn, nil
}
