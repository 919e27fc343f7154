package faults

import (
	"net"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

func TestInfoProxy(t *testing.T) {
	server := redistest.New(t)
	server.Do("set", "key", "value")
	proxy, err := NewInfoProxy(server.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Close)
	_, port, err := net.SplitHostPort(proxy.Address())
	if err != nil {
		t.Fatal(err)
	}
	info := func(host string) string {
		client := redis.NewClient(&redis.Options{Addr: net.JoinHostPort(host, port), DisableIdentity: true})
		defer func() { _ = client.Close() }()
		text, err := client.Info(t.Context()).Result()
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	if text := info("127.0.0.1"); !strings.Contains(text, "connected_slaves:0\r\n") {
		t.Errorf("rewritten without a reason: %s", text)
	}
	proxy.Rewrite(func(at net.IP, info string) string { return asOneOfMany(at, port, info) })
	if text := info("127.0.0.1"); strings.Count(text, "state=online") != reportedReplicas || !strings.Contains(text, "role:master\r\n") {
		t.Errorf("no primary of %d replicas: %s", reportedReplicas, text)
	}
	if text := info("127.0.1.70"); !strings.Contains(text, "role:slave\r\n") {
		t.Errorf("no replica: %s", text)
	}
	proxy.Rewrite(func(_ net.IP, info string) string { return hostedSections(info) })
	if text := info("127.0.0.1"); strings.Contains(text, "loading:") || strings.Contains(text, "role:") || !strings.Contains(text, "used_memory:") {
		t.Errorf("not as thin as it should be: %s", text)
	}
}
