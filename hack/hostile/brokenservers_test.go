package hostile

import (
	"bufio"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

const (
	connectionsPerServer, connectionLasts = 512, time.Minute
	floodBytes                            = 64 << 20
	mebibyte                              = 1 << 20
)

const connectionsTo = "connections to the tenant's server: "

type server struct {
	name  string
	where map[string]any
}

// serve is what a server does with a connection, which is closed when it returns.
type serve func(net.Conn)

// reply is what a server says to a command. After an empty one it hangs up.
type reply func(command []string) string

// listen serves connections on this machine until the test ends, and returns the port.
func listen(t *testing.T, did *tally, name string, serve serve) string {
	t.Helper()
	places := make(chan struct{}, connectionsPerServer)
	address := redistest.Serve(t, func(conn net.Conn) {
		select {
		case places <- struct{}{}:
			defer func() { <-places }()
		default:
			return
		}
		did.count(connectionsTo+name, 1)
		_ = conn.SetDeadline(time.Now().Add(connectionLasts))
		serve(conn)
	})
	_, port, _ := net.SplitHostPort(address)
	return port
}

func speaking(say reply) serve {
	return func(conn net.Conn) {
		in := bufio.NewReader(conn)
		for {
			command, err := redistest.ReadCommand(in)
			if err != nil {
				return
			}
			answer := say(command)
			if answer == "" {
				return
			}
			if _, err := io.WriteString(conn, answer); err != nil {
				return
			}
		}
	}
}

// always sends a text over and over, in answer to nothing, until there was enough of it.
func always(text string) serve {
	return func(conn net.Conn) {
		for sent := 0; sent < floodBytes; sent += len(text) {
			if _, err := io.WriteString(conn, text); err != nil {
				return
			}
		}
		_, _ = io.Copy(io.Discard, conn)
	}
}

func slowly(text string) serve {
	return func(conn net.Conn) {
		for i := range len(text) {
			if _, err := io.WriteString(conn, text[i:i+1]); err != nil {
				return
			}
			<-time.After(10 * time.Millisecond)
		}
	}
}

// broken returns servers that do not speak the protocol, or speak it without end.
func broken(t *testing.T, did *tally) []server {
	t.Helper()
	var all []server
	for name, serve := range map[string]serve{
		"hangs":                func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) },
		"hangs up":             func(net.Conn) {},
		"resets":               func(conn net.Conn) { _ = conn.(*net.TCPConn).SetLinger(0) },
		"byte by byte":         slowly("$262144\r\n" + strings.Repeat("x", 1<<12)),
		"endless line":         always("+" + strings.Repeat("x", 1<<12)),
		"endless answers":      always(strings.Repeat("+OK\r\n", 1<<10)),
		"bulk string of 2 GiB": always("$2147483647\r\n" + strings.Repeat("x", 1<<12)),
		"nested without end":   always(strings.Repeat("*1\r\n", 1<<10)),
		"wide and deep":        always(strings.Repeat("*1024\r\n", 9)),
		"answers of 1 MiB":     speaking(func([]string) string { return redistest.Bulk(strings.Repeat("x", mebibyte-1)) }),
		"hangs up when asked":  speaking(func([]string) string { return "" }),
		"errors of many bytes": speaking(func([]string) string { return "-ERR " + strings.Repeat("\x1b[2J", 1<<14) + "\r\n" }),
		"array of 2 billion":   speaking(func([]string) string { return "*2147483647\r\n" }),
		"numbers past 64 bits": speaking(func([]string) string { return ":99999999999999999999999\r\n" }),
		"a map of RESP3":       speaking(func([]string) string { return "%2\r\n+a\r\n:1\r\n+b\r\n:2\r\n" }),
	} {
		all = append(all, server{name, at(listen(t, did, name, serve))})
	}
	return all
}

// at leads to a server by itself.
func at(port string) map[string]any {
	return map[string]any{"address": net.JoinHostPort(tenantHost, port)}
}

func anyNumber() int64 { return rand.Int64N(1 << 40) }
