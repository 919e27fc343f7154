package redisinfo_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

func fixture(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func parse(t testing.TB, text string) *redisinfo.Info {
	t.Helper()
	var p redisinfo.Parser
	info, err := p.Parse([]byte(text))
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	return info
}

func TestFixturesAreReadByKey(t *testing.T) {
	tests := []struct {
		file     string
		texts    map[string]string
		ints     map[string]int64
		floats   map[string]float64
		absent   []string
		db       redisinfo.Keyspace
		calls    map[string]int64
		sections []string
	}{
		{
			file:   "redis-7.0.15-all.txt",
			texts:  map[string]string{"redis_version": "7.0.15", "role": "master", "config_file": "", "run_id": "0123456789abcdef0123456789abcdef01234567"},
			ints:   map[string]int64{"total_commands_processed": 8, "maxmemory": 104857600, "evicted_keys": 0, "keyspace_hits": 1, "rdb_last_bgsave_time_sec": -1},
			floats: map[string]float64{"used_cpu_user": 0.010347, "mem_fragmentation_ratio": 13.53, "blocked_clients": 0},
			absent: []string{"valkey_version", "db1", "cmdstat_del"},
			db:     redisinfo.Keyspace{Keys: 2, Expires: 1},
			calls:  map[string]int64{"set": 2, "lpush": 1, "ping": 1, "config|get": 1, "select": 1, "get": 2},
		},
		{
			file:   "redis-6.2.txt",
			texts:  map[string]string{"redis_version": "6.2.14", "role": "master", "slave0": "ip=10.0.0.2,port=6379,state=online,offset=345600,lag=1"},
			ints:   map[string]int64{"connected_clients": 12, "keyspace_misses": 100, "server_time_usec": 1700003600000000},
			floats: map[string]float64{"instantaneous_input_kbps": 0.1},
			absent: []string{"async_loading", "total_net_repl_input_bytes"},
			db:     redisinfo.Keyspace{Keys: 40, Expires: 10},
			calls:  map[string]int64{"get": 1000, "set": 500, "incr": 30, "info": 77, "ping": 77, "client": 2, "config": 4},
		},
		{
			file:   "valkey-9.0.txt",
			texts:  map[string]string{"redis_version": "7.2.4", "valkey_version": "9.0.0", "listener0": "name=tcp,bind=*,bind=-::*,port=6379"},
			ints:   map[string]int64{"used_memory": 2097152, "evicted_keys": 5},
			floats: map[string]float64{"used_cpu_sys": 12.345678},
			absent: []string{"dragonfly_version", "db2"},
			db:     redisinfo.Keyspace{Keys: 40, Expires: 10},
			calls:  map[string]int64{"get": 1000, "set": 500, "incr": 30, "info": 77, "ping": 77, "client|setname": 2, "config|get": 4},
		},
		{
			file:   "dragonfly-1.37.txt",
			texts:  map[string]string{"dragonfly_version": "df-v1.37.0", "role": "master"},
			ints:   map[string]int64{"rejected_connections": -1, "max_clients": 64000},
			floats: map[string]float64{"used_cpu_sys": 12.5},
			absent: []string{"run_id", "maxclients", "master_repl_offset"},
			db:     redisinfo.Keyspace{Keys: 40, Expires: 10},
			calls:  map[string]int64{"CLIENT": 2, "GET": 1000, "INFO": 77, "PING": 77, "SET": 500},
		},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			info := parse(t, fixture(t, tt.file))
			for key, want := range tt.texts {
				if got, err := info.Text(key); err != nil || got != want {
					t.Errorf("Text(%s) = %q, %v; want %q", key, got, err, want)
				}
			}
			for key, want := range tt.ints {
				if got, err := info.Int(key); err != nil || got != want {
					t.Errorf("Int(%s) = %d, %v; want %d", key, got, err, want)
				}
			}
			for key, want := range tt.floats {
				if got, err := info.Float(key); err != nil || got != want {
					t.Errorf("Float(%s) = %v, %v; want %v", key, got, err, want)
				}
			}
			for _, key := range tt.absent {
				if got, err := info.Text(key); !errors.Is(err, redisinfo.ErrAbsent) {
					t.Errorf("Text(%s) = %q, %v; want ErrAbsent", key, got, err)
				}
			}
			if got, err := info.Keyspace(0); err != nil || got != tt.db {
				t.Errorf("Keyspace(0) = %+v, %v; want %+v", got, err, tt.db)
			}
			if got := commands(t, info); !maps.Equal(got, tt.calls) {
				t.Errorf("Commands() = %v, want %v", got, tt.calls)
			}
			for _, name := range []string{"Server", "Stats", "Commandstats", "Keyspace"} {
				if err := info.Section(name); err != nil {
					t.Errorf("Section(%s) = %v, want nil", name, err)
				}
			}
		})
	}
}

func commands(t testing.TB, info *redisinfo.Info) map[string]int64 {
	t.Helper()
	got := map[string]int64{}
	for command, record := range info.Records("cmdstat_") {
		calls, err := record.Int("calls")
		if err != nil {
			t.Errorf("calls of %s: %v", command, err)
		}
		got[command] = calls
	}
	return got
}

func TestNumbersAreReadExactlyOrNotAtAll(t *testing.T) {
	tests := []struct {
		name     string
		value    string
		i        int64
		wantInt  error
		f        float64
		wantReal error
	}{
		{name: "zero", value: "0"},
		{name: "negative", value: "-1", i: -1, f: -1},
		{name: "largest int64", value: "9223372036854775807", i: 9223372036854775807, f: 9223372036854775807},
		{name: "past int64", value: "9223372036854775808", wantInt: redisinfo.ErrMalformed, f: 9223372036854775808},
		{name: "below int64", value: "-9223372036854775809", wantInt: redisinfo.ErrMalformed, f: -9223372036854775809},
		{name: "fraction", value: "1.5", wantInt: redisinfo.ErrMalformed, f: 1.5},
		{name: "empty", value: "", wantInt: redisinfo.ErrMalformed, wantReal: redisinfo.ErrMalformed},
		{name: "space", value: " 1", wantInt: redisinfo.ErrMalformed, wantReal: redisinfo.ErrMalformed},
		{name: "word", value: "ok", wantInt: redisinfo.ErrMalformed, wantReal: redisinfo.ErrMalformed},
		{name: "unit", value: "1.00M", wantInt: redisinfo.ErrMalformed, wantReal: redisinfo.ErrMalformed},
		{name: "per cent", value: "99.77%", wantInt: redisinfo.ErrMalformed, wantReal: redisinfo.ErrMalformed},
		{name: "NaN", value: "nan", wantInt: redisinfo.ErrMalformed, wantReal: redisinfo.ErrMalformed},
		{name: "NaN of glibc", value: "-nan", wantInt: redisinfo.ErrMalformed, wantReal: redisinfo.ErrMalformed},
		{name: "infinite", value: "inf", wantInt: redisinfo.ErrMalformed, wantReal: redisinfo.ErrMalformed},
		{name: "negative infinite", value: "-Inf", wantInt: redisinfo.ErrMalformed, wantReal: redisinfo.ErrMalformed},
		{name: "past float64", value: "1e999", wantInt: redisinfo.ErrMalformed, wantReal: redisinfo.ErrMalformed},
		{name: "underscore", value: "1_0", wantInt: redisinfo.ErrMalformed, wantReal: redisinfo.ErrMalformed},
		{name: "hexadecimal", value: "0x10", wantInt: redisinfo.ErrMalformed, wantReal: redisinfo.ErrMalformed},
		{name: "second colon", value: "1:2", wantInt: redisinfo.ErrMalformed, wantReal: redisinfo.ErrMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			info := parse(t, "a:x\r\nfield:"+tt.value+"\r\nb:y\r\n")
			if got, err := info.Int("field"); !errors.Is(err, tt.wantInt) || got != tt.i {
				t.Errorf("Int = %d, %v; want %d, %v", got, err, tt.i, tt.wantInt)
			}
			if got, err := info.Float("field"); !errors.Is(err, tt.wantReal) || got != tt.f {
				t.Errorf("Float = %v, %v; want %v, %v", got, err, tt.f, tt.wantReal)
			}
			if got, err := info.Text("field"); err != nil || got != tt.value {
				t.Errorf("Text = %q, %v; want %q", got, err, tt.value)
			}
		})
	}
}

func TestAbsentIsNotZero(t *testing.T) {
	info := parse(t, "zero:0\r\n")
	if n, err := info.Int("zero"); n != 0 || err != nil {
		t.Errorf("Int(zero) = %d, %v; want 0, nil", n, err)
	}
	if _, err := info.Int("none"); !errors.Is(err, redisinfo.ErrAbsent) || errors.Is(err, redisinfo.ErrMalformed) {
		t.Errorf("Int(none) = %v, want ErrAbsent", err)
	}
	if _, err := info.Float("none"); !errors.Is(err, redisinfo.ErrAbsent) {
		t.Errorf("Float(none) = %v, want ErrAbsent", err)
	}
	if record, ok := info.Record("cmdstat_get"); ok {
		t.Errorf("Record(cmdstat_get) = %v, want none", record)
	}
}

func TestErrorNamesTheFieldAndCutsTheValue(t *testing.T) {
	info := parse(t, "field:"+strings.Repeat("x", 10000)+"\r\n")
	_, err := info.Int("field")
	if err == nil || !strings.Contains(err.Error(), "INFO field field") || len(err.Error()) > 120 {
		t.Errorf("Int(field) = %v; want a short error that names the field", err)
	}
}

func TestKeyspace(t *testing.T) {
	tests := []struct {
		name string
		text string
		want redisinfo.Keyspace
		err  error
	}{
		{name: "counts", text: "# Keyspace\r\ndb0:keys=2,expires=1,avg_ttl=0\r\n", want: redisinfo.Keyspace{Keys: 2, Expires: 1}},
		{name: "a database without keys is left out", text: "a:1\r\n# Keyspace\r\ndb1:keys=2,expires=1\r\n"},
		{name: "no database has keys", text: "a:1\r\n# Keyspace\r\n"},
		{name: "section not reported", text: "a:1\r\n", err: redisinfo.ErrAbsent},
		{name: "keys missing", text: "# Keyspace\r\ndb0:expires=1\r\n", err: redisinfo.ErrAbsent},
		{name: "expires missing", text: "# Keyspace\r\ndb0:keys=1\r\n", err: redisinfo.ErrAbsent},
		{name: "keys with a longer name do not stand for keys", text: "# Keyspace\r\ndb0:keys_with_volatile_items=3,expires=0\r\n", err: redisinfo.ErrAbsent},
		{name: "malformed", text: "# Keyspace\r\ndb0:keys=many,expires=1\r\n", err: redisinfo.ErrMalformed},
		{name: "past int64", text: "# Keyspace\r\ndb0:keys=9223372036854775808,expires=1\r\n", err: redisinfo.ErrMalformed},
		{name: "twice", text: "# Keyspace\r\ndb0:keys=1,expires=1\r\ndb0:keys=2,expires=1\r\n", err: redisinfo.ErrMalformed},
		{name: "subfield twice", text: "# Keyspace\r\ndb0:keys=1,keys=2,expires=1\r\n", err: redisinfo.ErrMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parse(t, tt.text).Keyspace(0)
			if !errors.Is(err, tt.err) || got != tt.want {
				t.Errorf("Keyspace(0) = %+v, %v; want %+v, %v", got, err, tt.want, tt.err)
			}
		})
	}
}

func TestSectionIsReportedOrNot(t *testing.T) {
	info := parse(t, "# Server\r\na:1\r\n\r\n# Commandstats\r\n")
	if err := info.Section("Commandstats"); err != nil {
		t.Errorf("an empty section: %v, want nil", err)
	}
	if err := info.Section("Keyspace"); !errors.Is(err, redisinfo.ErrAbsent) {
		t.Errorf("a section that is not there: %v, want ErrAbsent", err)
	}
	if err := info.Section("a"); !errors.Is(err, redisinfo.ErrAbsent) {
		t.Errorf("a field is not a section: %v, want ErrAbsent", err)
	}
	if text, err := info.Text("# Server"); !errors.Is(err, redisinfo.ErrAbsent) {
		t.Errorf("a section is not a field: %q, %v; want ErrAbsent", text, err)
	}
}

func TestRecordsGiveAnErrorForWhatCannotBeRead(t *testing.T) {
	info := parse(t, "# Commandstats\r\n"+
		"cmdstat_get:calls=7,usec=1\r\n"+
		"cmdstat_set:usec=1\r\n"+
		"cmdstat_del:calls=x\r\n"+
		"cmdstat_ping:calls=1\r\ncmdstat_ping:calls=2\r\n"+
		"other:calls=9\r\n")
	want := map[string]error{"get": nil, "set": redisinfo.ErrAbsent, "del": redisinfo.ErrMalformed, "ping": redisinfo.ErrMalformed}
	seen := map[string]bool{}
	for command, record := range info.Records("cmdstat_") {
		calls, err := record.Int("calls")
		wanted, known := want[command]
		if !known || !errors.Is(err, wanted) || (err != nil) != (wanted != nil) || (err != nil && calls != 0) {
			t.Errorf("%s has %d calls, %v; want %v", command, calls, err, wanted)
		}
		seen[command] = true
	}
	if len(seen) != len(want) {
		t.Errorf("saw %v, want %v", seen, want)
	}
	for command := range info.Records("cmdstat_") {
		if command != "del" {
			t.Errorf("the first command is %s, want del, the first in order", command)
		}
		break
	}
}
