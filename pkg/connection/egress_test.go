package connection

import (
	"net"
	"strings"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/credentials"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/egress"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/samplertest"
)

// TestRefusedAddressIsNotDialed asks the server itself whether anybody came.
func TestRefusedAddressIsNotDialed(t *testing.T) {
	server := redistest.New(t)
	server.Do("config", "resetstat")
	for _, host := range []string{"127.0.0.1", "::ffff:127.0.0.1", "localhost"} {
		o, _ := with(t, net.JoinHostPort(host, samplertest.Port(t, server)), &credentials.Credentials{})
		o.server.egress = samplertest.Restricted(t, egress.Config{})
		for range 2 {
			o.fail(reason.AddressRefused)
		}
	}
	allowed, _ := with(t, server.Addr, &credentials.Credentials{})
	if info := allowed.sample(); !strings.Contains(info, "total_connections_received:1\r\n") {
		t.Errorf("the server counts other connections than the last alone: %s", info)
	}
}
