package catalog_test

import (
	"errors"
	"io"
	"strings"
)

func clientProofs() []proof {
	return []proof{
		{
			name:    "connections up to the limit",
			args:    []string{"--maxclients", "20"},
			metrics: []string{"connected-clients", "client-utilization", "connections-per-second", "rejected-connections-per-second"},
			run:     proveConnections,
		},
		{
			name: "clients that wait, track and subscribe",
			metrics: []string{
				"blocked-clients", "tracking-clients", "pubsub-clients",
				"pubsub-channels", "pubsub-patterns", "pubsub-shard-channels",
			},
			run: proveClients,
		},
	}
}

func proveConnections(l *lab) {
	const own, limit, refused = 1, 20, 4
	l.sample()
	for range limit - own {
		l.dial().say("ping", "+PONG\r\n")
	}
	for range refused {
		c := l.dial()
		text, err := io.ReadAll(c.conn)
		if !strings.Contains(string(text), "max number of clients") {
			l.Fatalf("a connection past the limit gives %q, %v", text, errors.Unwrap(err))
		}
	}
	l.sample()
	l.reads("connected-clients", "", limit, limit)
	l.reads("client-utilization", "", 1, 1)
	l.grew("connections-per-second", "", limit-own, 0)
	l.grew("rejected-connections-per-second", "", refused, 0)
}

func proveClients(l *lab) {
	const blocked, tracking, subscribers, shards = 3, 2, 4, 5
	for range blocked {
		c := l.dial()
		if _, err := c.conn.Write([]byte("blpop none 0\r\n")); err != nil {
			l.Fatal(err)
		}
	}
	for range tracking {
		l.dial().say("client tracking on", "+OK\r\n")
	}
	for range subscribers {
		l.dial().say("subscribe one two", ":2\r\n")
	}
	c := l.dial()
	c.say("psubscribe a* b* c*", ":3\r\n")
	l.dial().say("ssubscribe v w x y z", ":5\r\n")
	waiting := func() bool {
		return strings.Count(l.server.Do("client", "list").(string), "flags=b ") == blocked
	}
	if !until(waiting) {
		l.Fatal("the clients do not block")
	}
	l.sample()
	l.reads("blocked-clients", "", blocked, blocked)
	l.reads("tracking-clients", "", tracking, tracking)
	l.reads("pubsub-clients", "", subscribers+2, subscribers+2)
	l.reads("pubsub-channels", "", 2, 2)
	l.reads("pubsub-patterns", "", 3, 3)
	l.reads("pubsub-shard-channels", "", shards, shards)
}
