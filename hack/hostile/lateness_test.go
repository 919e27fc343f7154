package hostile

import (
	"bufio"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/hack/measure"
)

const mostLate = 0.2

// lateness is how much later than an interval after the one before samples of healthy objects reach their servers, which
// the servers tell themselves (MONITOR). An attempt that is left out is late by an interval.
type lateness struct {
	mu    sync.Mutex
	since time.Time            // zero before the attack
	last  map[string]time.Time // by object
	late  []time.Duration
}

func newLateness() *lateness { return &lateness{last: map[string]time.Time{}} }

func (l *lateness) begin(at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.since = at
}

func (l *lateness) watch(t *testing.T, address string) {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte("MONITOR\r\n")); err != nil {
		t.Fatal(err)
	}
	var reading sync.WaitGroup
	reading.Go(func() {
		for lines := bufio.NewScanner(conn); lines.Scan(); {
			l.note(lines.Text())
		}
	})
	t.Cleanup(func() {
		_ = conn.Close()
		reading.Wait()
	})
}

// note takes a line such as: +1700000000.123456 [0 127.0.0.1:50000] "llen" "jobs:healthy-01".
func (l *lateness) note(line string) {
	_, name, found := strings.Cut(line, `"llen" "`+listPrefix)
	stamp, _, _ := strings.Cut(strings.TrimPrefix(line, "+"), " ")
	seconds, err := strconv.ParseFloat(stamp, 64)
	if name = strings.TrimSuffix(name, `"`); !found || err != nil || name == newcomerName {
		return
	}
	l.arrived(name, time.UnixMicro(int64(seconds*1e6)))
}

func (l *lateness) arrived(name string, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before, again := l.last[name]
	l.last[name] = at
	if again && !l.since.IsZero() && at.After(l.since) {
		l.late = append(l.late, max(0, at.Sub(before)-interval))
	}
}

// figures adds how late samples were until the attack ended, those that are still missing among them.
func (l *lateness) figures(figures *measure.Table, ended time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, last := range l.last {
		if overdue := ended.Sub(last) - interval; overdue > 0 {
			l.late = append(l.late, overdue)
		}
	}
	limit := measure.Milliseconds(time.Duration(mostLate * float64(interval)))
	figures.Add("samples of healthy objects", float64(len(l.late)), "")
	figures.Add("lateness of samples, p99", measure.Milliseconds(measure.Percentile(l.late, 99)), "ms")
	figures.Add("lateness of samples, max", measure.Milliseconds(measure.Percentile(l.late, 100)), "ms").AtMost(limit)
}
