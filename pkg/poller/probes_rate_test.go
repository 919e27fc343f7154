package poller

import (
	"math"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/samplertest"
)

func TestRateOfACounterKey(t *testing.T) {
	server := redistest.New(t)
	o := declaring(t, server, probe.CounterKey("jobs"))
	grown := func() float64 {
		t.Helper()
		got, err := o.declared(0)
		if err != nil {
			t.Fatal(err)
		}
		return got.Value * got.Window.Seconds()
	}
	o.sample()
	o.unknown(0, "does not exist")
	server.Do("set", "jobs", 1000)
	o.sample()
	o.unknown(0, "a rate needs two samples since")
	server.Do("incrby", "jobs", 40)
	o.sample()
	if got := grown(); math.Abs(got-40) > 1e-6 {
		t.Errorf("grown by %v, want 40", got)
	}
	server.Do("set", "jobs", 5) // fallen
	o.sample()
	o.unknown(0, "a rate needs two samples since")
	server.Do("incr", "jobs")
	o.sample()
	if got := grown(); math.Abs(got-1) > 1e-6 {
		t.Errorf("grown by %v, want 1", got)
	}
	server.Do("del", "jobs")
	o.sample()
	o.unknown(0, "does not exist")
	server.Do("set", "jobs", 2000)
	o.sample()
	o.unknown(0, "a rate needs two samples since")
	server.Do("incrbyfloat", "jobs", "0.5")
	o.sample()
	if got := grown(); math.Abs(got-0.5) > 1e-6 {
		t.Errorf("grown by %v, want 0.5", got)
	}
}

func TestRateOfEntriesAddedToAStream(t *testing.T) {
	server := redistest.New(t)
	o := declaring(t, server, probe.StreamEntriesAdded("stream"))
	add := func(entries int) {
		for range entries {
			server.Do("xadd", "stream", "*", "field", "value")
		}
	}
	grown := func(want float64) {
		t.Helper()
		got, err := o.declared(0)
		if err != nil || math.Abs(got.Value*got.Window.Seconds()-want) > 1e-6 {
			t.Errorf("%v added over the window, %v; want %v", got.Value*got.Window.Seconds(), err, want)
		}
	}
	add(5)
	o.sample()
	add(3)
	server.Do("xtrim", "stream", "maxlen", 1)
	o.sample()
	grown(3)
	server.Do("xtrim", "stream", "maxlen", 0)
	add(4)
	o.sample()
	grown(7)
	server.Do("del", "stream")
	deleted := server.Client().Time(t.Context()).Val()
	samplertest.Poll(t, "the next millisecond, since IDs tell no less", func() bool {
		return server.Client().Time(t.Context()).Val().Sub(deleted) > time.Millisecond
	})
	add(20) // more than were ever added before
	o.sample()
	o.unknown(0, "a rate needs two samples since")
	add(2)
	o.sample()
	grown(2)
}

func TestRateOfAnInfoField(t *testing.T) {
	server := redistest.New(t)
	o := declaring(t, server, probe.Info("total_error_replies", probe.Counter, probe.Sum))
	o.sample()
	o.unknown(0, "a rate needs two samples")
	for range 3 {
		if err := server.Client().Do(t.Context(), "nosuch").Err(); err == nil {
			t.Fatal("the server knows the command nosuch")
		}
	}
	o.sample()
	got, err := o.declared(0)
	if err != nil || math.Abs(got.Value*got.Window.Seconds()-3) > 1e-6 {
		t.Errorf("%v errors over the window, %v; want 3", got.Value*got.Window.Seconds(), err)
	}
}
