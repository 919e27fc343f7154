package hostile

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
)

const (
	// slow connections send a request byte by byte, unread ones read no response, and idle ones say nothing at all.
	slow, unread, mute = 200, 20, 100
	// reconnectEvery is how often each of them is opened again, since a handshake takes the processors that all share here.
	reconnectEvery = 10 * time.Second
	// wanderEvery is how often a path is tried that leads around authorization.
	wanderEvery  = 50 * time.Millisecond
	requestBytes = mebibyte
)

const (
	slowConnections   = "slow connections without a name"
	unreadConnections = "connections without a name that read nothing"
	muteConnections   = "connections that say nothing"
	wandered          = "requests without a name that were refused"
)

// anonymous connects to the adapter itself, from other addresses than the API server.
type anonymous struct {
	base string
	did  *tally
}

func (a *anonymous) dial(ctx context.Context, n int) (net.Conn, error) {
	from := &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(1+n%4))}
	dialer := net.Dialer{Timeout: 5 * time.Second, LocalAddr: from}
	return dialer.DialContext(ctx, "tcp", strings.TrimPrefix(a.base, "https://"))
}

// secured is the configuration of somebody who verifies nothing.
func secured(protocols ...string) *tls.Config {
	return &tls.Config{InsecureSkipVerify: true, NextProtos: protocols} //nolint:gosec // it sends nothing that is worth a secret
}

// hold opens so many connections over and over, and does something with each until its context ends.
func (a *anonymous) hold(ctx context.Context, name string, connections int, do func(context.Context, net.Conn)) {
	a.did.expect(name)
	var holding sync.WaitGroup
	for n := range connections {
		holding.Go(func() {
			verifier.Sleep(ctx, reconnectEvery*time.Duration(n)/time.Duration(connections)) // not all at once
			verifier.Paced(ctx, reconnectEvery, func(int) {
				conn, err := a.dial(ctx, n)
				if err != nil {
					return
				}
				a.did.count(name, 1)
				lasting, cancel := context.WithTimeout(ctx, reconnectEvery-time.Second)
				defer cancel()
				stop := context.AfterFunc(lasting, func() { _ = conn.Close() })
				defer stop()
				do(lasting, conn)
				_ = conn.Close()
			})
		})
	}
	holding.Wait()
}

func (a *anonymous) dawdle(ctx context.Context) {
	request := "GET " + metricPath(healthyNamespace, "healthy-00", requests) + " HTTP/1.1\r\nHost: a\r\nX: "
	a.hold(ctx, slowConnections, slow, func(ctx context.Context, conn net.Conn) {
		encrypted := tls.Client(conn, secured("http/1.1"))
		for n := 0; ctx.Err() == nil; n++ {
			if _, err := encrypted.Write([]byte{request[min(n, len(request)-1)]}); err != nil {
				return
			}
			verifier.Sleep(ctx, 250*time.Millisecond)
		}
	})
}

func (a *anonymous) leaveUnread(ctx context.Context) {
	a.hold(ctx, unreadConnections, unread, func(_ context.Context, conn net.Conn) {
		encrypted := tls.Client(conn, secured("http/1.1"))
		for sent, n := 0, 0; sent < requestBytes; n++ {
			size, err := fmt.Fprintf(encrypted, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", wrongPath(n))
			if err != nil {
				return
			}
			sent += size
		}
	})
}

func (a *anonymous) idle(ctx context.Context) {
	a.hold(ctx, muteConnections, mute, func(_ context.Context, conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
}

// wrongPath is a path that is not that of a metric, or should lead to none.
func wrongPath(n int) string {
	metric := metricPath(healthyNamespace, fmt.Sprintf("healthy-%02d", n%healthyObjects), requests)
	return []string{
		metric, "/" + metric, "//" + strings.TrimPrefix(metric, "/"), "/apis/./.." + metric, strings.ReplaceAll(metric, "/n", "//n"),
		"/%61pis" + strings.TrimPrefix(metric, "/apis"), metric + "?" + strings.Repeat("a=b&", 1000), metric + strings.Repeat("/", 2000), "/metrics", "/debug/pprof/heap",
	}[n%10]
}

func (a *anonymous) wander(ctx context.Context) {
	a.did.expect(wandered)
	transport := &http.Transport{
		TLSClientConfig: secured(), ForceAttemptHTTP2: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return a.dial(ctx, 0) },
	}
	defer transport.CloseIdleConnections()
	client := &http.Client{
		Transport: transport, Timeout: 5 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	verifier.Paced(ctx, wanderEvery, func(n int) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.base+wrongPath(n), nil)
		if err != nil {
			a.did.violate(err.Error())
			return
		}
		response, err := client.Do(request)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, mebibyte))
		_ = response.Body.Close()
		if response.StatusCode < http.StatusMultipleChoices {
			a.did.violate(fmt.Sprintf("%s is served to somebody without a name", wrongPath(n)))
			return
		}
		a.did.count(wandered, 1)
	})
}
