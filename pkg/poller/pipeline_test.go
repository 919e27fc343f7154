package poller

import (
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/samplertest"
)

// declaring samples a server with probes.
func declaring(t *testing.T, server *redistest.Server, probes ...*probe.Probe) *one {
	t.Helper()
	tgt := samplertest.TargetAt("declaring", server.Addr)
	tgt.Probes = probe.Compile(probes)
	return probing(t, tgt)
}

// declared computes the metric of one of the target's probes.
func (o *one) declared(place int) (catalog.Reading, error) {
	row := catalog.Declared{Name: "declared", Probe: o.poller.plan.Probes()[place], Place: place}
	return row.Read(o.history, catalog.Query{Now: time.Now()})
}

// value is that of a probe which must have one.
func (o *one) value(place int) float64 {
	o.t.Helper()
	got, err := o.declared(place)
	if err != nil {
		o.t.Fatalf("probe %d: %v", place, err)
	}
	return got.Value
}

// unknown requires that a probe has no value, for a reason in which words stand.
func (o *one) unknown(place int, words string) {
	o.t.Helper()
	got, err := o.declared(place)
	if err == nil || !strings.Contains(err.Error(), words) {
		o.t.Errorf("probe %d gives %v, %v; want an error with %q", place, got.Value, err, words)
	}
}

func TestEachDeclaredKindOfARealServer(t *testing.T) {
	server := redistest.New(t)
	fill(server)
	subscriber := server.Dial().Subscribe(t.Context(), "news")
	t.Cleanup(func() { _ = subscriber.Close() })
	if _, err := subscriber.Receive(t.Context()); err != nil {
		t.Fatal(err)
	}
	server.Do("function", "load", "#!lua name=lib\nredis.register_function{function_name='double', callback=function(keys, args) return 2*redis.call('llen', keys[1]) end, flags={'no-writes'}}")
	tests := []struct {
		name  string
		probe *probe.Probe
		want  float64
	}{
		{"list", probe.List("list"), 3},
		{"set", probe.Set("set"), 2},
		{"hash", probe.Hash("hash"), 4},
		{"sorted set", probe.SortedSet("zset", "", ""), 5},
		{"sorted set to a score", probe.SortedSet("zset", "", "3"), 3},
		{"sorted set from past a score", probe.SortedSet("zset", "(3", ""), 2},
		{"sorted set between scores", probe.SortedSet("zset", "2", "4"), 3},
		{"HyperLogLog", probe.HyperLogLog("hll"), 6},
		{"string", probe.String("string"), 12.5},
		{"stream length", probe.StreamLength("stream"), 7},
		{"stream pending", probe.StreamPending("stream", "group", ""), 2},
		{"stream lag", probe.StreamLag("stream", "group", ""), 4},
		{"stream pending of an idle group", probe.StreamPending("stream", "idle", ""), 0},
		{"stream lag of an idle group", probe.StreamLag("stream", "idle", ""), 7},
		{"oldest pending of an idle group", probe.StreamOldestPending("stream", "idle", ""), 0},
		{"info", probe.Info("maxclients", probe.Gauge, probe.Sum), 10000},
		{"pubSub", probe.PubSub("news"), 1},
		{"pubSub without subscribers", probe.PubSub("olds"), 0},
		{"script with an integer", probe.Script("return redis.call('llen', KEYS[1]) + ARGV[1]", []string{"list"}, []string{"4"}), 7},
		{"script with a fraction", probe.Script("return tostring(1.25)", nil, nil), 1.25},
		{"script with true", probe.Script("return true", nil, nil), 1},
		{"function", probe.Function("double", []string{"list"}, nil), 6},
		{"list that does not exist", probe.List("none"), 0},
		{"set that does not exist", probe.Set("none"), 0},
		{"hash that does not exist", probe.Hash("none"), 0},
		{"sorted set that does not exist", probe.SortedSet("none", "", ""), 0},
		{"range of a sorted set that does not exist", probe.SortedSet("none", "1", "2"), 0},
		{"HyperLogLog that does not exist", probe.HyperLogLog("none"), 0},
		{"stream that does not exist", probe.StreamLength("none"), 0},
		{"oldest entry of a stream that does not exist", probe.StreamOldestEntry("none"), 0},
	}
	var probes []*probe.Probe
	for _, test := range tests {
		probes = append(probes, test.probe)
	}
	o := declaring(t, server, probes...)
	o.sample()
	for n, test := range tests {
		if got := o.value(n); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

// fill makes keys of each type, with as many members as the test wants to read.
func fill(server *redistest.Server) {
	server.Do("rpush", "list", "a", "b", "c")
	server.Do("sadd", "set", "a", "b")
	server.Do("hset", "hash", "a", 1, "b", 2, "c", 3, "d", 4)
	server.Do("zadd", "zset", 1, "a", 2, "b", 3, "c", 4, "d", 5, "e")
	server.Do("pfadd", "hll", "a", "b", "c", "d", "e", "f")
	server.Do("set", "string", "12.5")
	for range 7 {
		server.Do("xadd", "stream", "*", "field", "value")
	}
	server.Do("xgroup", "create", "stream", "idle", "0")
	server.Do("xgroup", "create", "stream", "group", "0")
	read, _ := server.Do("xreadgroup", "group", "group", "consumer", "count", 3, "streams", "stream", ">").([]any)
	entries, _ := read[0].([]any)[1].([]any)
	server.Do("xack", "stream", "group", entries[0].([]any)[0])
}

func TestAgesInAStreamAreThoseOfTheServersClock(t *testing.T) {
	server := redistest.New(t)
	o := declaring(t, server, probe.StreamOldestEntry("stream"), probe.StreamOldestPending("stream", "group", ""))
	now, err := server.Client().Time(t.Context()).Result()
	if err != nil {
		t.Fatal(err)
	}
	at := func(age time.Duration) int64 { return now.Add(-age).UnixMilli() }
	server.Do("xadd", "stream", at(90*time.Second), "field", "value")
	server.Do("xadd", "stream", at(60*time.Second), "field", "value")
	server.Do("xgroup", "create", "stream", "group", at(90*time.Second))
	server.Do("xreadgroup", "group", "group", "consumer", "count", 1, "streams", "stream", ">")
	o.sample()
	after, err := server.Client().Time(t.Context()).Result()
	if err != nil {
		t.Fatal(err)
	}
	for place, age := range []time.Duration{90 * time.Second, 60 * time.Second} {
		// IDs are in milliseconds.
		least, most := age.Seconds(), age.Seconds()+after.Sub(now).Seconds()+0.001
		if got := o.value(place); got < least || got > most {
			t.Errorf("probe %d: the age is %v s, want from %v to %v", place, got, least, most)
		}
	}
	server.Do("del", "stream")
	server.Do("xadd", "stream", "5-1", "field", "value")
	o.sample()
	o.unknown(0, "is not a time of the server's clock")
	server.Do("xadd", "stream", now.Add(time.Hour).UnixMilli(), "field", "value")
	server.Do("xtrim", "stream", "maxlen", 1)
	o.sample()
	o.unknown(0, "is not a time of the server's clock")
}

func TestWhatIsNotKnownIsNoNumber(t *testing.T) {
	server := redistest.New(t)
	fill(server)
	for key, value := range map[string]string{
		"text": "twelve", "nan": "nan", "inf": "inf", "infinity": "Infinity", "hex": "0x10", "under": "1_0", "negative": "-1",
		"long": strings.Repeat("1", 100), "past": "1e999", "two": "1 2", "huge": "9007199254740993",
	} {
		server.Do("set", key, value)
	}
	server.Do("xgroup", "create", "stream", "midst", "0")
	entries, _ := server.Do("xrange", "stream", "-", "+").([]any)
	server.Do("xgroup", "setid", "stream", "midst", entries[3].([]any)[0])
	tests := []struct {
		probe *probe.Probe
		want  string
	}{
		{probe.List("set"), `key "set" is of another type: it must be a list`},
		{probe.Set("list"), `key "list" is of another type: it must be a set`},
		{probe.Hash("list"), `key "list" is of another type: it must be a hash`},
		{probe.SortedSet("list", "", ""), `key "list" is of another type: it must be a sorted set`},
		{probe.SortedSet("list", "1", "2"), `key "list" is of another type: it must be a sorted set`},
		{probe.HyperLogLog("list"), `key "list" is of another type: it must be a HyperLogLog`},
		{probe.HyperLogLog("string"), `key "string" is of another type: it must be a HyperLogLog`},
		{probe.String("list"), `key "list" is of another type: it must be a string`},
		{probe.CounterKey("list"), `key "list" is of another type: it must be a string`},
		{probe.StreamLength("list"), `key "list" is of another type: it must be a stream`},
		{probe.StreamPending("list", "group", ""), `key "list" is of another type: it must be a stream`},
		{probe.StreamLag("list", "group", ""), `key "list" is of another type: it must be a stream`},
		{probe.StreamOldestPending("list", "group", ""), `key "list" is of another type: it must be a stream`},
		{probe.StreamOldestEntry("list"), `key "list" is of another type: it must be a stream`},
		{probe.StreamEntriesAdded("list"), `key "list" is of another type: it must be a stream`},
		{probe.String("none"), `key "none" does not exist, or is empty`},
		{probe.CounterKey("none"), `key "none" does not exist, or is empty`},
		{probe.String("text"), `key "text" holds no number`},
		{probe.String("nan"), "holds no number"},
		{probe.String("inf"), "holds no number"},
		{probe.String("infinity"), "holds no number"},
		{probe.String("hex"), "holds no number"},
		{probe.String("under"), "holds no number"},
		{probe.String("long"), "holds no number"},
		{probe.String("past"), "holds no number"},
		{probe.String("two"), "holds no number"},
		{probe.String("negative"), "the value is negative"},
		{probe.CounterKey("huge"), "2^53 or above"},
		{probe.StreamPending("none", "group", ""), `stream "none" does not exist`},
		{probe.StreamLag("none", "group", ""), `stream "none" does not exist`},
		{probe.StreamOldestPending("none", "group", ""), `stream "none" has no consumer group "group"`},
		{probe.StreamEntriesAdded("none"), `stream "none" does not exist`},
		{probe.StreamPending("stream", "other", ""), `stream "stream" has no consumer group "other"`},
		{probe.StreamLag("stream", "other", ""), `stream "stream" has no consumer group "other"`},
		{probe.StreamOldestPending("stream", "other", ""), `stream "stream" has no consumer group "other"`},
		{probe.StreamLag("stream", "midst", ""), `the server does not know the lag of group "midst"`},
		{probe.Info("redis_version", probe.Gauge, probe.Sum), "INFO field redis_version is not a number"},
		{probe.Info("no_such_field", probe.Gauge, probe.Sum), "INFO has no field no_such_field"},
		{probe.Script("this is not Lua", nil, nil), "the script does not compile"},
		{probe.Script("return redis.call('set', KEYS[1], 1)", []string{"new"}, nil), "the script writes"},
		{probe.Script("return redis.call('nosuch')", nil, nil), "a command that the server does not know"},
		{probe.Script("return redis.call('llen', KEYS[1])", []string{"set"}, nil), "the wrong type"},
		{probe.Script("error('of my own')", nil, nil), "the script ended with an error"},
		{probe.Script("return {err='MY secret'}", nil, nil), "the script ended with an error"},
		{probe.Script("return 'twelve'", nil, nil), "a text that is not a number"},
		{probe.Script("return {ok='fine'}", nil, nil), "a text that is not a number"},
		{probe.Script("return nil", nil, nil), "returned nil or false"},
		{probe.Script("return {1}", nil, nil), "returned a table"},
		{probe.Script("return -1", nil, nil), "the value is negative"},
		{probe.Function("nosuch", nil, nil), "no function of that name"},
	}
	probes := []*probe.Probe{probe.List("list")}
	for _, test := range tests {
		probes = append(probes, test.probe)
	}
	o := declaring(t, server, probes...)
	o.sample()
	for n, test := range tests {
		o.unknown(n+1, test.want)
	}
	if got := o.value(0); got != 3 {
		t.Errorf("the one that is right gives %v, want 3", got)
	}
	if exists := server.Do("exists", "new"); exists != int64(0) {
		t.Error("a script wrote")
	}
}
