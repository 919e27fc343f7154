package poller

import (
	"context"
	"errors"
	"math"
	"net"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/samplertest"
)

func TestIdleServerReadsExactlyZeroWhileItIsSampled(t *testing.T) {
	server := redistest.New(t)
	o := probing(t, samplertest.TargetAt("idle", server.Addr))
	o.sample()
	for range 10 {
		o.sample()
		got, err := o.read(catalog.RequestsPerSecond)
		if err != nil || got.Value != 0 {
			t.Fatalf("requests-per-second = %v, %v; want exactly 0", got.Value, err)
		}
	}
	// What the adapter itself asked is there, in the raw counter.
	if got, err := o.read("commands-per-second"); err != nil || got.Value <= 0 {
		t.Errorf("commands-per-second = %v, %v; want more than 0", got.Value, err)
	}
}

func TestRequestsAreThoseThatClientsSent(t *testing.T) {
	server := redistest.New(t)
	o := probing(t, samplertest.TargetAt("busy", server.Addr))
	first := o.sample()
	const gets, sets = 700, 300
	samplertest.Work(t, server, gets, sets)
	last := o.sample()
	got, err := o.read(catalog.RequestsPerSecond)
	if err != nil {
		t.Fatal(err)
	}
	if sent := got.Value * got.Window.Seconds(); math.Abs(sent-(gets+sets)) > 1e-6 {
		t.Errorf("%v requests over the window, want %d", sent, gets+sets)
	}
	if got.Window != last.At.Sub(first.At) || !got.At.Equal(last.At) {
		t.Errorf("the window is %v until %v, want %v until %v", got.Window, got.At, last.At.Sub(first.At), last.At)
	}
	samplertest.Work(t, server, gets, 0)
	o.sample()
	got, err = o.read(catalog.RequestsPerSecond)
	if err != nil || math.Abs(got.Value*got.Window.Seconds()-(2*gets+sets)) > 1e-6 {
		t.Errorf("%v requests over the window, %v; want %d", got.Value*got.Window.Seconds(), err, 2*gets+sets)
	}
}

func TestEveryMetricOfARealServer(t *testing.T) {
	server := redistest.New(t, "--maxmemory", "100mb")
	o := probing(t, samplertest.TargetAt("all", server.Addr))
	o.sample()
	server.Do("set", "a", "1")
	for _, key := range []string{"a", "b"} {
		if err := server.Client().Get(t.Context(), key).Err(); err != nil && !errors.Is(err, redis.Nil) {
			t.Fatal(err)
		}
	}
	o.sample()
	c := catalog.Builtin()
	want := map[string]float64{
		"keys": 1, "keyspace-hit-ratio": 0.5, "blocked-clients": 0, "connected-clients": 2,
		"evictions-per-second": 0, "expirations-per-second": 0, "errors-per-second": 0,
	}
	// What only a replica, a primary with replicas, or a newer Redis reports.
	elsewhere := regexp.MustCompile(`^(primary-|replication-lag-|pubsub-clients$)`)
	for _, m := range c.All() {
		got, err := o.read(m.Name)
		if err != nil {
			if !elsewhere.MatchString(m.Name) {
				t.Errorf("%s: %v: does the sampler ask for the section that has it?", m.Name, err)
			}
			continue
		}
		if exact, known := want[m.Name]; known && got.Value != exact {
			t.Errorf("%s = %v, want %v", m.Name, got.Value, exact)
		}
	}
}

func TestKeysAreThoseOfTheDatabase(t *testing.T) {
	server := redistest.New(t)
	tgt := samplertest.TargetAt("db", server.Addr)
	tgt.Database = 3
	o := probing(t, tgt)
	server.Do("set", "in-database-0", "1")
	o.sample()
	c := catalog.Builtin()
	m, _ := c.Lookup("keys")
	for database, want := range map[int]float64{0: 1, 3: 0} {
		got, err := m.Read(o.history, catalog.Query{Now: time.Now(), Database: database})
		if err != nil || got.Value != want {
			t.Errorf("keys of database %d = %v, %v; want %v", database, got.Value, err, want)
		}
	}
}

func TestConnectionHasANameAndIsTheOnlyOne(t *testing.T) {
	server := redistest.New(t)
	o := probing(t, samplertest.TargetAt("named", server.Addr))
	for range 5 {
		o.sample()
		if n := samplertest.Connections(t, server); n != 1 {
			t.Fatalf("%d connections in CLIENT LIST, want 1", n)
		}
	}
	o.poller.Close()
	samplertest.Poll(t, "the connection is gone", func() bool { return samplertest.Connections(t, server) == 0 })
}

func TestIdleConnectionThatTheServerClosedIsMadeAnew(t *testing.T) {
	server := redistest.New(t)
	o := probing(t, samplertest.TargetAt("cut", server.Addr))
	o.sample()
	server.Do("client", "kill", "type", "normal", "skipme", "yes")
	o.sample()
	if got, err := o.read(catalog.RequestsPerSecond); err != nil || got.Value != 0 {
		t.Errorf("requests-per-second = %v, %v; want 0", got.Value, err)
	}
}

func TestKilledServerIsRefusedAndThenUnknownUntilTwoSamples(t *testing.T) {
	server := redistest.New(t)
	o := probing(t, samplertest.TargetAt("killed", server.Addr))
	o.sample()
	samplertest.Work(t, server, 5000, 0)
	before := o.sample()
	server.Kill()
	o.fail(reason.ConnectionRefused)
	o.fail(reason.ConnectionRefused)
	server.Restart()
	after := o.sample()
	if samplertest.Text(t, before.Nodes[0].Info, "run_id") == samplertest.Text(t, after.Nodes[0].Info, "run_id") {
		t.Fatal("the server has the run_id of the one before")
	}
	var unknown *history.UnknownError
	if got, err := o.read(catalog.RequestsPerSecond); !errors.As(err, &unknown) || unknown.Reason != history.OneSample {
		t.Fatalf("requests-per-second = %+v, %v; want OneSample", got, err)
	}
	_ = server.Client().Ping(t.Context()).Err() // the client's connection died with the server
	const sent = 100
	samplertest.Work(t, server, sent, 0)
	o.sample()
	got, err := o.read(catalog.RequestsPerSecond)
	if err != nil || math.Abs(got.Value*got.Window.Seconds()-sent) > 1e-6 {
		t.Errorf("%v requests over the window, %v; want the %d since the restart", got.Value*got.Window.Seconds(), err, sent)
	}
}

func TestRestartBetweenTwoSamplesIsSeen(t *testing.T) {
	server := redistest.New(t)
	o := probing(t, samplertest.TargetAt("restarted", server.Addr))
	o.sample()
	o.sample()
	server.Restart()
	_ = server.Client().Ping(t.Context()).Err()
	samplertest.Work(t, server, 5000, 0) // more than the first process ever counted
	o.sample()
	if got, err := o.read(catalog.RequestsPerSecond); err == nil {
		t.Errorf("requests-per-second = %v over a restart, want an error", got.Value)
	}
}

func TestResetOfTheCountersIsSeenWhenTheyOutgrowIt(t *testing.T) {
	server := redistest.New(t)
	o := probing(t, samplertest.TargetAt("reset", server.Addr))
	o.sample()
	o.sample()
	server.Do("config", "resetstat")
	samplertest.Work(t, server, 5000, 5000)
	for range 10 {
		server.Do("info") // another monitor
	}
	o.sample()
	if got, err := o.read("commands-per-second"); err == nil {
		t.Errorf("commands-per-second = %v over CONFIG RESETSTAT, want an error", got.Value)
	}
	o.sample()
	if got, err := o.read(catalog.RequestsPerSecond); err != nil || got.Value != 0 {
		t.Errorf("requests-per-second = %v, %v since the reset; want 0", got.Value, err)
	}
}

func TestStoppedServerTimesOut(t *testing.T) {
	server := redistest.New(t)
	tgt := samplertest.TargetAt("stopped", server.Addr)
	o := probing(t, tgt)
	o.sample()
	server.Signal(syscall.SIGSTOP)
	tgt.Timeout = 200 * time.Millisecond
	for range 2 { // over the connection that is there, and over a new one
		if took := o.fail(reason.Timeout); took > 10*tgt.Timeout {
			t.Errorf("the attempt took %v, want the timeout of %v", took, tgt.Timeout)
		}
	}
	server.Signal(syscall.SIGCONT)
	tgt.Timeout = samplertest.Ample
	o.sample()
	if got, err := o.read(catalog.RequestsPerSecond); err != nil || got.Value != 0 {
		t.Errorf("requests-per-second = %v, %v; want 0", got.Value, err)
	}
}

func TestNothingListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	probing(t, samplertest.TargetAt("nobody", addr)).fail(reason.ConnectionRefused)
}

func TestCancelledAttemptEndsAtOnce(t *testing.T) {
	server := samplertest.NewStub(t, func([]string) string { return "" })
	ctx, cancel := context.WithCancel(t.Context())
	o := probingOver(ctx, t, open(t), samplertest.TargetAt("hanging", server.Addr))
	ended := make(chan error, 1)
	start := time.Now()
	go func() {
		_, err := o.attempt(ctx)
		ended <- err
	}()
	server.AwaitAsked(t, "info")
	cancel()
	if err := <-ended; err == nil {
		t.Error("a cancelled attempt gave a sample")
	}
	if took := time.Since(start); took > samplertest.Ample/2 {
		t.Errorf("a cancelled attempt took %v, want far less than its timeout", took)
	}
}
