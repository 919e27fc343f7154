package catalog_test

import (
	"errors"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// proof provokes metrics on a real server and compares each with the truth that
// the test knows without INFO: its own traffic, keys, clients and clocks.
type proof struct {
	name    string
	args    []string
	metrics []string // those that run compares
	run     func(l *lab)
}

func TestMetricsTellTheTruthOfARealServer(t *testing.T) {
	for _, p := range proofs() {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, redistest.New(t, p.args...))
			p.run(l)
			for _, name := range p.metrics {
				if !l.compared[name] {
					t.Errorf("%s is listed and was not compared", name)
				}
			}
		})
	}
}

func TestEachMetricIsProvenOnARealServer(t *testing.T) {
	c := catalog.Builtin()
	proven := map[string]bool{}
	for _, p := range proofs() {
		for _, name := range p.metrics {
			proven[name] = true
		}
	}
	for _, m := range c.All() {
		if !proven[m.Name] {
			t.Errorf("metric %s is not compared with a real server: add it to a proof", m.Name)
		}
	}
}

// lab is a real server, two samples of it, and what was compared.
type lab struct {
	*testing.T
	server   *redistest.Server
	database int
	parser   redisinfo.Parser
	history  twoSamples
	compared map[string]bool
}

func newLab(t *testing.T, server *redistest.Server) *lab {
	return &lab{T: t, server: server, compared: map[string]bool{}}
}

// sample takes a sample, the first one and the last one of what is read next.
func (l *lab) sample() {
	l.Helper()
	l.history.first, l.history.apart = l.history.last, 0
	text := l.server.Do("info", "everything").(string)
	now := time.Now()
	info, err := l.parser.Parse([]byte(text))
	if err != nil {
		l.Fatal(err)
	}
	if l.history.first != nil {
		l.history.apart = now.Sub(l.history.end)
	}
	l.history.last, l.history.end = info, now
}

func (l *lab) read(name, selecting string) (catalog.Reading, error) {
	l.Helper()
	q := catalog.Query{Now: l.history.end, Database: l.database}
	if selecting != "" {
		q.Selector = picking(l.T, selecting)
	}
	return metric(l.T, name).Read(l.history, q)
}

// reads fails unless the metric reads from low to high.
func (l *lab) reads(name, selecting string, low, high float64) {
	l.Helper()
	l.compared[name] = true
	got, err := l.read(name, selecting)
	if l.lacks(name) {
		if !errors.Is(err, redisinfo.ErrAbsent) {
			l.Errorf("%s{%s} of a server without it = %v, %v; want ErrAbsent", name, selecting, got.Value, err)
		}
		return
	}
	if err != nil || got.Value < low || got.Value > high {
		l.Errorf("%s{%s} = %v, %v; want %v to %v", name, selecting, got.Value, err, low, high)
	}
}

// grew fails unless the rate times its window is that many, less or more the tolerance.
func (l *lab) grew(name, selecting string, n, tolerance float64) {
	l.Helper()
	l.compared[name] = true
	got, err := l.read(name, selecting)
	const rounding = 1e-6
	if times := got.Value * got.Window.Seconds(); err != nil || times < n-tolerance-rounding || times > n+tolerance+rounding {
		l.Errorf("%s{%s} = %v, %v, which is %v within %v; want %v±%v", name, selecting, got.Value, err, times, got.Window, n, tolerance)
	}
}

// settles samples until the metric reads what is wanted at that instant.
func (l *lab) settles(name string, want func() (low, high float64)) {
	l.Helper()
	l.compared[name] = true
	var got catalog.Reading
	var err error
	var low, high float64
	ok := until(func() bool {
		l.sample()
		got, err = l.read(name, "")
		low, high = want()
		return err == nil && got.Value >= low && got.Value <= high
	})
	if !ok {
		l.Fatalf("%s stays %v, %v; want %v to %v", name, got.Value, err, low, high)
	}
}

// lacks reports whether the server is older than the metric. Each Valkey that
// there is has what any Redis has that the catalog reads.
func (l *lab) lacks(name string) bool {
	l.Helper()
	kind, version := redisinfo.Server(l.history.last)
	if version == "" {
		l.Fatal("INFO has no version")
	}
	return kind == redisinfo.Redis && older(version, strings.TrimSuffix(metric(l.T, name).Versions, "+"))
}

// older compares versions such as 7.0.15 and 7.4.
func older(version, than string) bool {
	a, b := strings.Split(version, "."), strings.Split(than, ".")
	for n := range min(len(a), len(b)) {
		x, _ := strconv.Atoi(a[n])
		y, _ := strconv.Atoi(b[n])
		if x != y {
			return x < y
		}
	}
	return false
}

// until asks again and again, for as long as a slow machine may need.
func until(done func() bool) bool {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for limit := time.Now().Add(30 * time.Second); time.Now().Before(limit); <-tick.C {
		if done() {
			return true
		}
	}
	return false
}

// client is another connection, which writes lines and waits for what ends the reply.
type client struct {
	*lab
	conn net.Conn
}

func (l *lab) dial() client {
	l.Helper()
	dialer := net.Dialer{Timeout: 10 * time.Second}
	conn, err := dialer.DialContext(l.Context(), "tcp", l.server.Addr)
	if err != nil {
		l.Fatal(err)
	}
	l.Cleanup(func() { _ = conn.Close() })
	return client{lab: l, conn: conn}
}

// say writes a command, and reads until the reply ends as told. It returns how
// many bytes went there and back.
func (c client) say(command, end string) (wrote, read int) {
	c.Helper()
	_ = c.conn.SetDeadline(time.Now().Add(30 * time.Second))
	wrote, err := c.conn.Write([]byte(command + "\r\n"))
	if err != nil {
		c.Fatal(err)
	}
	var reply []byte
	for buffer := make([]byte, 1<<16); !strings.HasSuffix(string(reply), end); {
		n, err := c.conn.Read(buffer)
		if err != nil {
			c.Fatalf("%.40q gave %.100q, %v; want what ends in %q", command, reply, err, end)
		}
		read += n
		reply = append(reply, buffer[:n]...)
		reply = reply[max(0, len(reply)-100):]
	}
	return wrote, read
}

// proc reads a file of the server's process from the system.
func (l *lab) proc(file string) string {
	l.Helper()
	for line := range strings.Lines(l.server.Do("info", "server").(string)) {
		if pid, ok := strings.CutPrefix(line, "process_id:"); ok {
			text, err := os.ReadFile("/proc/" + strings.TrimSpace(pid) + "/" + file)
			if err != nil {
				l.Fatal(err)
			}
			return string(text)
		}
	}
	l.Fatal("INFO has no process_id")
	return ""
}
