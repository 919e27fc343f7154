package e2e

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

// TestRefusedAddresses names what no object may have the adapter dial, and reads what its author would.
func TestRefusedAddresses(t *testing.T) {
	t.Parallel()
	s := newFixture(t, shared)
	apiServer, err := url.Parse(s.Config().Host)
	if err != nil {
		t.Fatal(err)
	}
	for name, address := range map[string]string{
		"api-server": apiServer.Host,
		"metadata":   "169.254.169.254:80",
		"mapped":     "[::ffff:169.254.169.254]:80",
		"multicast":  "[ff02::1]:6379",
		"socket":     "unix:///var/run/containerd/containerd.sock",
	} {
		s.redis(t, name, address, nil)
		for _, condition := range []string{"Ready", "Reachable"} {
			s.awaitCondition(t, 15*time.Second, name, condition, "False", "AddressRefused")
		}
		text := s.kubectl(t, "get", "redis", name, "-n", s.namespace, "-o", "jsonpath={.status.conditions}")
		if !strings.Contains(text, "address policy refuses the address") || strings.Contains(text, address) {
			t.Errorf("status of %s says\n%s", name, text)
		}
	}
}
