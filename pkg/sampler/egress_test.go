package sampler

import (
	"net"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/egress"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// TestRefusedAddressIsNotDialed asks the server itself whether anybody came.
func TestRefusedAddressIsNotDialed(t *testing.T) {
	server := redistest.New(t)
	server.Do("config", "resetstat")
	_, port, err := net.SplitHostPort(server.Addr)
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"127.0.0.1", "::ffff:127.0.0.1", "localhost"} {
		o := probing(t, targetAt("refused", net.JoinHostPort(host, port)))
		o.probe.egress = restricted(t, egress.Config{})
		for range 2 {
			o.fail(AddressRefused)
		}
	}
	if got := text(t, probing(t, targetAt("allowed", server.Addr)).sample().Nodes[0].Info, "total_connections_received"); got != "1" {
		t.Errorf("the server counts %s connections, want the last alone", got)
	}
}
