package redisinfo_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

func TestServerIsNamedAsItNumbersItself(t *testing.T) {
	want := map[string][2]string{
		"redis-5.0.txt":                {redisinfo.Redis, "5.0.14"},
		"redis-6.2.txt":                {redisinfo.Redis, "6.2.14"},
		"redis-7.0.txt":                {redisinfo.Redis, "7.0.15"},
		"redis-7.0-replica.txt":        {redisinfo.Redis, "7.0.15"},
		"redis-7.0.15-all.txt":         {redisinfo.Redis, "7.0.15"},
		"redis-7.4.txt":                {redisinfo.Redis, "7.4.1"},
		"redis-8.2.txt":                {redisinfo.Redis, "8.2.1"},
		"valkey-8.0.txt":               {redisinfo.Valkey, "8.0.1"},
		"valkey-9.0.txt":               {redisinfo.Valkey, "9.0.0"},
		"keydb-6.3.txt":                {redisinfo.KeyDB, "6.3.4"},
		"keydb-6.3-active-replica.txt": {redisinfo.KeyDB, "6.3.4"},
		"dragonfly-1.37.txt":           {redisinfo.Dragonfly, "df-v1.37.0"},
	}
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		kind, version := redisinfo.Server(parse(t, string(text)))
		if got := [2]string{kind, version}; got != want[filepath.Base(file)] {
			t.Errorf("%s: Server = %q, want %q", file, got, want[filepath.Base(file)])
		}
	}
	if kind, version := redisinfo.Server(parse(t, "role:master\r\n")); kind != "" || version != "" {
		t.Errorf("of a server without a version: %q, %q", kind, version)
	}
}

func TestReplicaWithoutItsPrimaryIsOutdated(t *testing.T) {
	for name, test := range map[string]struct {
		info string
		says string // empty if the data is current
	}{
		"a primary":                      {"role:master", ""},
		"no role":                        {"uptime_in_seconds:1", ""},
		"an active replica of KeyDB":     {"role:active-replica\nmaster_link_status:down", ""},
		"in touch":                       {"role:slave\nmaster_link_status:up\nmaster_sync_in_progress:0\nmaster_last_io_seconds_ago:15", ""},
		"in touch, as little as is told": {"role:replica\nmaster_link_status:up", ""},
		"link down":                      {"role:slave\nmaster_link_status:down\nmaster_sync_in_progress:0", "link to its primary is down"},
		"link down, of Dragonfly":        {"role:replica\nmaster_link_status:down", "link to its primary is down"},
		"synchronizing":                  {"role:slave\nmaster_link_status:up\nmaster_sync_in_progress:1", "is being synchronized"},
		"nothing heard":                  {"role:slave\nmaster_link_status:up\nmaster_sync_in_progress:0\nmaster_last_io_seconds_ago:16", "not heard from its primary for 16 s"},
		"no state of the link":           {"role:slave", "master_link_status: not reported"},
		"another state of the link":      {"role:slave\nmaster_link_status:maybe", "malformed"},
	} {
		err := redisinfo.Outdated(parse(t, strings.ReplaceAll(test.info, "\n", "\r\n")+"\r\n"))
		if (err != nil) != (test.says != "") || err != nil && !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v; want %q", name, err, test.says)
		}
	}
}
