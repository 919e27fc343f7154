package poller

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/samplertest"
)

// fillKeys makes 50,000 keys. 3,000 are lists jobs:n of one to three elements, 6,000
// in all; 1,000 are strings jobs:n:done that hold 0.5.
func fillKeys(server *redistest.Server) {
	server.Do("eval", `
		for n = 1, 46000 do redis.call("set", "other:" .. n, n) end
		for n = 1, 3000 do for m = 0, n % 3 do redis.call("rpush", "jobs:" .. n, m) end end
		for n = 1, 1000 do redis.call("set", "jobs:" .. n .. ":done", "0.5") end
		return 1`, 0)
}

// passes makes attempts until a probe's newest pass began after this call, and returns how many it took.
func (o *one) passes(place int) int {
	o.t.Helper()
	start := o.poller.now()
	for n := 1; n <= 1000; n++ {
		if result := o.sample().Probed[place]; result.Err == nil && result.Began.After(start) {
			return n
		}
	}
	o.t.Fatal("1000 attempts complete no pass")
	return 0
}

func TestManyKeysOfARealServer(t *testing.T) {
	server := redistest.New(t)
	fillKeys(server)
	for _, test := range []struct {
		name  string
		probe *probe.Probe
		want  float64
		most  int // attempts
	}{
		{"count", probe.KeysCount("jobs:*", "", 4000), 4000, 3},
		{"count of a type", probe.KeysCount("jobs:*", "list", 3000), 3000, 3},
		{"count of all", probe.KeysCount("*", "", 50000), 50000, 3},
		{"count of none", probe.KeysCount("nothing:*", "", 1), 0, 3},
		{"length", probe.KeysLength("jobs:*", "list", 3000), 6000, 3},
		{"length of none", probe.KeysLength("jobs:*", "set", 3000), 0, 3},
		{"value", probe.KeysValue("jobs:*", "string", 1000), 500, 3},
		{"value of a pattern", probe.KeysValue("jobs:*:done", "", 1000), 500, 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := declaring(t, server, test.probe)
			attempts := o.passes(0)
			if got := o.value(0); got != test.want || attempts > test.most {
				t.Errorf("%v after %d attempts, want %v after %d at most", got, attempts, test.want, test.most)
			}
			if attempts < 2 {
				t.Errorf("50,000 keys were scanned in %d attempts", attempts)
			}
			if again := o.passes(0); o.value(0) != test.want || again > attempts+1 {
				t.Errorf("the next pass gives %v after %d attempts", o.value(0), again)
			}
			if reading, err := o.declared(0); err != nil || reading.Window <= 0 {
				t.Errorf("the value covers %v, %v", reading.Window, err)
			}
		})
	}
}

func TestEachTypeOfManyKeys(t *testing.T) {
	server := redistest.New(t)
	fill(server)
	o := declaring(t, server,
		probe.KeysLength("*", "list", 9), probe.KeysLength("*", "set", 9), probe.KeysLength("*", "zset", 9), probe.KeysLength("*", "hash", 9),
		probe.KeysLength("*", "stream", 9), probe.KeysCount("*s*t*", "", 9), probe.KeysCount("*", "string", 9))
	o.sample()
	o.sample()
	for place, want := range []float64{3, 2, 5, 4, 7, 5, 2} {
		if got := o.value(place); got != want {
			t.Errorf("probe %d: %v, want %v", place, got, want)
		}
	}
}

func TestManyKeysThatAreNoNumber(t *testing.T) {
	server := redistest.New(t)
	fill(server)
	server.Do("set", "empty", "")
	server.Do("set", "text", "secret")
	o := declaring(t, server,
		probe.KeysCount("*", "", 7), probe.KeysValue("li*", "", 9), probe.KeysValue("t*", "", 9), probe.KeysValue("empty", "", 9),
		probe.KeysCount("*", "", 9), probe.KeysValue("*ing", "", 9))
	o.sample()
	o.sample()
	o.unknown(0, `more than 7 keys match "*"`)
	o.unknown(1, `a key that matches "li*" is of another type: it must be a string; type: string leaves the others out`)
	o.unknown(2, `a key that matches "t*" holds no number`)
	o.unknown(3, `a key that matches "empty" holds no number`)
	if count, value := o.value(4), o.value(5); count != 9 || value != 12.5 {
		t.Errorf("those that are right give %v and %v, want 9 and 12.5", count, value)
	}
	server.Do("del", "empty", "text")
	server.Do("set", "tenth", "10")
	o.sample()
	o.sample()
	if got := o.value(2); got != 10 {
		t.Errorf("once it is mended it gives %v, want 10", got)
	}
}

// TestKeysThatComeAndGoWithinAPass changes the keys between attempts, and holds
// the values against the keys that were there all along.
func TestKeysThatComeAndGoWithinAPass(t *testing.T) {
	server := redistest.New(t)
	fillKeys(server)
	o := declaring(t, server, probe.KeysCount("jobs:*", "list", 20000), probe.KeysLength("jobs:*", "list", 20000))
	attempts := 0
	o.poller.now = func() time.Time {
		if attempts++; attempts%2 == 0 && attempts < 300 {
			// 1,000 lists of 2,000 elements stay, 2,000 go and 2,000 others come. The
			// table grows and shrinks meanwhile.
			server.Do("eval", `local from = ARGV[1] * 100 % 2000
				for n = from + 1, from + 100 do
					redis.call("del", "jobs:" .. 1000 + n)
					redis.call("del", "jobs:new:" .. n)
					redis.call("rpush", "jobs:new:" .. n, 1, 2)
				end
				for n = 1, 4000 do
					if ARGV[1] % 40 < 20 then redis.call("set", "more:" .. from * 40 + n, n) else redis.call("del", "more:" .. from * 40 + n) end
				end
				return 1`, 0, attempts/2)
		}
		return time.Now()
	}
	for range 3 {
		o.passes(0)
		o.passes(1)
		count, length := o.value(0), o.value(1)
		if count < 1000 || count > 5000 {
			t.Errorf("%v lists, want from 1000, that stayed, to 5000, that ever were", count)
		}
		if length < 2000 || length > 10000 {
			t.Errorf("%v elements, want from 2000, that stayed, to 10000, that ever were", length)
		}
	}
	for attempts < 300 {
		o.sample()
	}
	o.passes(0)
	o.passes(1)
	lists := server.Do("eval", `local lists, elements = 0, 0
		for _, key in ipairs(redis.call("keys", "jobs:*")) do
			if redis.call("type", key).ok == "list" then lists = lists + 1 elements = elements + redis.call("llen", key) end
		end
		return {lists, elements}`, 0).([]any)
	if count, length := o.value(0), o.value(1); count != float64(lists[0].(int64)) || length != float64(lists[1].(int64)) {
		t.Errorf("%v lists of %v elements, want %v", count, length, lists)
	}
}

func TestRestartWithinAPass(t *testing.T) {
	server := redistest.New(t)
	fillKeys(server)
	o := declaring(t, server, probe.KeysCount("jobs:*", "list", 3000))
	o.passes(0)
	o.sample()
	server.Restart()
	server.Do("eval", `for n = 1, 10 do redis.call("rpush", "jobs:" .. n, n) end return 1`, 0)
	o.sample() // answers a cursor of the process before
	o.unknown(0, "no scan of the keys is complete yet")
	o.sample()
	if got := o.value(0); got != 10 {
		t.Errorf("%v keys after a restart, want 10", got)
	}
}

func TestFlushWithinAPass(t *testing.T) {
	server := redistest.New(t)
	fillKeys(server)
	o := declaring(t, server, probe.KeysCount("jobs:*", "list", 3000))
	o.passes(0)
	o.sample()
	server.Do("flushall")
	o.sample()
	o.unknown(0, "no scan of the keys is complete yet")
	o.sample()
	if got := o.value(0); got != 0 {
		t.Errorf("%v keys after FLUSHALL, want 0", got)
	}
}

func TestKeysTooManyForMaxAge(t *testing.T) {
	server := redistest.New(t)
	fillKeys(server)
	tgt := samplertest.TargetAt("slow", server.Addr)
	tgt.MaxAge = 1
	tgt.Probes = probe.Compile([]*probe.Probe{probe.KeysCount("jobs:*", "list", 3000), probe.List("jobs:3")})
	o := probing(t, tgt)
	for range 12 {
		if result := o.sample().Probed[0]; result.Err == nil || !strings.Contains(result.Err.Error(), "not complete within maxAge 1ns, and a sample scans at most 25000 keys of the database") {
			t.Fatalf("it gives %+v", result)
		}
	}
}

// TestManyKeysCostFewRoundTripsAndNoRequest counts what the server was sent.
func TestManyKeysCostFewRoundTripsAndNoRequest(t *testing.T) {
	server := redistest.New(t)
	fillKeys(server)
	o := declaring(t, server, probe.KeysCount("jobs:*", "list", 3000), probe.KeysLength("jobs:*", "list", 3000), probe.KeysValue("jobs:*", "string", 1000))
	before := o.sample()
	for range 60 {
		after := o.sample()
		grown := func(field string) int64 {
			n, err := before.Nodes[0].Info.Int(field)
			m, errAfter := after.Nodes[0].Info.Int(field)
			if err != nil || errAfter != nil {
				t.Fatal(err, errAfter)
			}
			return m - n
		}
		// INFO, and for each of three probes 15 SCANs and a third of 5,000 commands at
		// most, in round trips of a third of 5,000 keys or 1,000 commands that each end in ECHO.
		const trips = 15 + 15
		if got := grown("total_commands_processed"); got > 1+3*15+2*1666+trips {
			t.Fatalf("the server executed %d commands for one attempt", got)
		}
		const writeBufferBytes = 512 // of a connection
		// What is sent in one go is written by the buffer, and read so at worst.
		if got := grown("total_reads_processed"); got > trips+grown("total_net_input_bytes")/writeBufferBytes {
			t.Fatalf("the server read %d times for %d bytes", got, grown("total_net_input_bytes"))
		}
		if got, err := o.read(catalog.RequestsPerSecond); err != nil || got.Value != 0 {
			t.Fatalf("requests-per-second = %v, %v; want exactly 0", got.Value, err)
		}
		before = after
	}
	for place, want := range []float64{3000, 6000, 500} {
		if got := o.value(place); math.Abs(got-want) > 1e-9 {
			t.Errorf("probe %d: %v, want %v", place, got, want)
		}
	}
}

func TestNamesTooLongForAReplyAreHeldBack(t *testing.T) {
	server := redistest.New(t)
	server.Do("eval", `for n = 1, 100 do redis.call("set", n .. string.rep("x", 20000), n) end return 1`, 0)
	o := declaring(t, server, probe.KeysCount("*x", "", 1000), probe.List("list"))
	o.fail(reason.Protocol)
	o.sample()
	o.unknown(0, `UTC: the reply of the server was too long or malformed when it was asked for SCAN of "*x"`)
	o.value(1)
}
