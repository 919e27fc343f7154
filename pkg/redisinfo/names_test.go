package redisinfo_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

func TestNamesAreBounded(t *testing.T) {
	name := strings.Repeat("n", redisinfo.MaxName)
	if !strings.Contains(redisinfo.ErrName.Error(), fmt.Sprintf("longer than %d bytes", redisinfo.MaxName)) {
		t.Errorf("the error says %q", redisinfo.ErrName)
	}
	var parser redisinfo.Parser
	for range 3 { // the keys are new at first, and known then
		info, err := parser.Parse([]byte("run_id:" + name + "x\r\nrole:\x1b[2J\r\nredis_version:" + strings.Repeat("7", 1<<10) + "\r\nempty:\r\nprocess_id:" + name +
			"\r\n# Commandstats\r\ncmdstat_" + name + ":calls=1\r\ncmdstat_" + name + "x:calls=2\r\ncmdstat_a ~\x07b:calls=3\r\n" + strings.Repeat("k", 1<<16) + ":5\r\nafter:7\r\n"))
		if err != nil {
			t.Fatal(err)
		}
		if kind, version := redisinfo.Server(info); kind != redisinfo.Redis || version != "" {
			t.Errorf("it is %s %q, want an unknown version of Redis", kind, version)
		}
		for key, want := range map[string]error{"run_id": redisinfo.ErrName, "role": redisinfo.ErrName, "empty": redisinfo.ErrName, "process_id": nil, "none": redisinfo.ErrAbsent} {
			if _, err := info.Name(key); !errors.Is(err, want) {
				t.Errorf("Name(%s) = %v, want %v", key, err, want)
			}
		}
		got := map[string]string{}
		for name, record := range info.Records("cmdstat_") {
			calls, err := record.Int("calls")
			got[name] = fmt.Sprint(calls, errors.Is(err, redisinfo.ErrName), record.Unnamed())
		}
		want := map[string]string{name: "1 false false", name + "…": "0 true true", "a ~?b…": "0 true true"}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("records are %v, want %v", got, want)
		}
		if after, err := info.Int("after"); after != 7 || err != nil {
			t.Errorf("what follows is %d, %v", after, err)
		}
	}
}

func TestNameIsPrintableASCII(t *testing.T) {
	for text, want := range map[string]bool{"": false, "a ~": true, "\x1f": false, "\x7f": false, "ä": false} {
		if redisinfo.IsName(text) != want {
			t.Errorf("%q is a name: %t, want %t", text, !want, want)
		}
	}
}

// FuzzNames looks for keys that are longer than what is shown, and for answers
// that are read otherwise once their keys are known.
func FuzzNames(f *testing.F) {
	f.Add("cmdstat_" + strings.Repeat("n", 65) + ":calls=1\r\ncmdstat_get:calls=2\r\n")
	f.Add("# S\r\ncmdstat_…:calls=1\r\ncmdstat_\xff:calls=1\r\na…:1\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		var parser redisinfo.Parser
		first, err := parser.Parse([]byte(text))
		if err != nil {
			return
		}
		second, err := parser.Parse([]byte(text))
		if err != nil || !first.SharesKeys(second) {
			t.Fatalf("%q is read otherwise again: %v", text, err)
		}
		for _, prefix := range []string{"a", "cmdstat_", "errorstat_"} {
			for name, record := range first.Records(prefix) {
				again, _ := second.Record(record.Key())
				if len(name) > redisinfo.MaxName+len("latency_percentiles_usec_")+len("…") || again != record {
					t.Fatalf("%q has the record %q, which is %v and %v", text, name, record, again)
				}
			}
		}
	})
}
