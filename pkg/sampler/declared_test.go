package sampler

import (
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	declared "github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// declaring samples a server with probes.
func declaring(t *testing.T, server *redistest.Server, probes ...*declared.Probe) *one {
	t.Helper()
	tgt := targetAt("declaring", server.Addr)
	tgt.Probes = declared.Compile(probes)
	return probing(t, tgt)
}

// declared computes the metric of one of the target's probes.
func (o *one) declared(place int) (catalog.Reading, error) {
	row := catalog.Declared{Name: "declared", Probe: o.probe.plan.Probes()[place], Place: place}
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
		probe *declared.Probe
		want  float64
	}{
		{"list", declared.List("list"), 3},
		{"set", declared.Set("set"), 2},
		{"hash", declared.Hash("hash"), 4},
		{"sorted set", declared.SortedSet("zset", "", ""), 5},
		{"sorted set to a score", declared.SortedSet("zset", "", "3"), 3},
		{"sorted set from past a score", declared.SortedSet("zset", "(3", ""), 2},
		{"sorted set between scores", declared.SortedSet("zset", "2", "4"), 3},
		{"HyperLogLog", declared.HyperLogLog("hll"), 6},
		{"string", declared.String("string"), 12.5},
		{"stream length", declared.StreamLength("stream"), 7},
		{"stream pending", declared.StreamPending("stream", "group"), 2},
		{"stream lag", declared.StreamLag("stream", "group"), 4},
		{"stream pending of an idle group", declared.StreamPending("stream", "idle"), 0},
		{"stream lag of an idle group", declared.StreamLag("stream", "idle"), 7},
		{"oldest pending of an idle group", declared.StreamOldestPending("stream", "idle"), 0},
		{"info", declared.Info("maxclients", declared.Gauge, declared.Sum), 10000},
		{"pubSub", declared.PubSub("news"), 1},
		{"pubSub without subscribers", declared.PubSub("olds"), 0},
		{"script with an integer", declared.Script("return redis.call('llen', KEYS[1]) + ARGV[1]", []string{"list"}, []string{"4"}), 7},
		{"script with a fraction", declared.Script("return tostring(1.25)", nil, nil), 1.25},
		{"script with true", declared.Script("return true", nil, nil), 1},
		{"function", declared.Function("double", []string{"list"}, nil), 6},
		{"list that does not exist", declared.List("none"), 0},
		{"set that does not exist", declared.Set("none"), 0},
		{"hash that does not exist", declared.Hash("none"), 0},
		{"sorted set that does not exist", declared.SortedSet("none", "", ""), 0},
		{"range of a sorted set that does not exist", declared.SortedSet("none", "1", "2"), 0},
		{"HyperLogLog that does not exist", declared.HyperLogLog("none"), 0},
		{"stream that does not exist", declared.StreamLength("none"), 0},
		{"oldest entry of a stream that does not exist", declared.StreamOldestEntry("none"), 0},
	}
	var probes []*declared.Probe
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
	o := declaring(t, server, declared.StreamOldestEntry("stream"), declared.StreamOldestPending("stream", "group"))
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
	o.unknown(0, "tells no time by the server's clock")
	server.Do("xadd", "stream", now.Add(time.Hour).UnixMilli(), "field", "value")
	server.Do("xtrim", "stream", "maxlen", 1)
	o.sample()
	o.unknown(0, "tells no time by the server's clock")
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
		probe *declared.Probe
		want  string
	}{
		{declared.List("set"), `key "set" is of another type: it must be a list`},
		{declared.Set("list"), `key "list" is of another type: it must be a set`},
		{declared.Hash("list"), `key "list" is of another type: it must be a hash`},
		{declared.SortedSet("list", "", ""), `key "list" is of another type: it must be a sorted set`},
		{declared.SortedSet("list", "1", "2"), `key "list" is of another type: it must be a sorted set`},
		{declared.HyperLogLog("list"), `key "list" is of another type: it must be a HyperLogLog`},
		{declared.HyperLogLog("string"), `key "string" is of another type: it must be a HyperLogLog`},
		{declared.String("list"), `key "list" is of another type: it must be a string`},
		{declared.CounterKey("list"), `key "list" is of another type: it must be a string`},
		{declared.StreamLength("list"), `key "list" is of another type: it must be a stream`},
		{declared.StreamPending("list", "group"), `key "list" is of another type: it must be a stream`},
		{declared.StreamLag("list", "group"), `key "list" is of another type: it must be a stream`},
		{declared.StreamOldestPending("list", "group"), `key "list" is of another type: it must be a stream`},
		{declared.StreamOldestEntry("list"), `key "list" is of another type: it must be a stream`},
		{declared.StreamEntriesAdded("list"), `key "list" is of another type: it must be a stream`},
		{declared.String("none"), `key "none" does not exist, or is empty`},
		{declared.CounterKey("none"), `key "none" does not exist, or is empty`},
		{declared.String("text"), `key "text" holds no number`},
		{declared.String("nan"), "holds no number"},
		{declared.String("inf"), "holds no number"},
		{declared.String("infinity"), "holds no number"},
		{declared.String("hex"), "holds no number"},
		{declared.String("under"), "holds no number"},
		{declared.String("long"), "holds no number"},
		{declared.String("past"), "holds no number"},
		{declared.String("two"), "holds no number"},
		{declared.String("negative"), "the value is negative"},
		{declared.CounterKey("huge"), "2^53 or above"},
		{declared.StreamPending("none", "group"), `stream "none" does not exist`},
		{declared.StreamLag("none", "group"), `stream "none" does not exist`},
		{declared.StreamOldestPending("none", "group"), `stream "none" has no consumer group "group"`},
		{declared.StreamEntriesAdded("none"), `stream "none" does not exist`},
		{declared.StreamPending("stream", "other"), `stream "stream" has no consumer group "other"`},
		{declared.StreamLag("stream", "other"), `stream "stream" has no consumer group "other"`},
		{declared.StreamOldestPending("stream", "other"), `stream "stream" has no consumer group "other"`},
		{declared.StreamLag("stream", "midst"), `the server does not know the lag of group "midst"`},
		{declared.Info("redis_version", declared.Gauge, declared.Sum), "INFO field redis_version is no number"},
		{declared.Info("no_such_field", declared.Gauge, declared.Sum), "INFO has no field no_such_field"},
		{declared.Script("this is no Lua", nil, nil), "the script does not compile"},
		{declared.Script("return redis.call('set', KEYS[1], 1)", []string{"new"}, nil), "the script writes"},
		{declared.Script("return redis.call('nosuch')", nil, nil), "a command that the server does not know"},
		{declared.Script("return redis.call('llen', KEYS[1])", []string{"set"}, nil), "a type that it is not of"},
		{declared.Script("error('of my own')", nil, nil), "the script ended with an error"},
		{declared.Script("return {err='MY secret'}", nil, nil), "the script ended with an error"},
		{declared.Script("return 'twelve'", nil, nil), "a text that is no number"},
		{declared.Script("return {ok='fine'}", nil, nil), "a text that is no number"},
		{declared.Script("return nil", nil, nil), "returned nil or false"},
		{declared.Script("return {1}", nil, nil), "returned a table"},
		{declared.Script("return -1", nil, nil), "the value is negative"},
		{declared.Function("nosuch", nil, nil), "no function of that name"},
	}
	probes := []*declared.Probe{declared.List("list")}
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
