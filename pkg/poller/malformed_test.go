package poller

import (
	"context"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/samplertest"
)

// TestMalformedServers checks that whatever answers, an attempt ends with a reason,
// without a panic, a goroutine left behind, or a word of the server's in its text.
func TestMalformedServers(t *testing.T) {
	const secret = "hunter2"
	to := func(command, answer string) samplertest.Reply {
		return func(asked []string) string {
			if asked[0] == command {
				return answer
			}
			return samplertest.Healthy(samplertest.GoodInfo)(asked)
		}
	}
	tests := []struct {
		name  string
		reply samplertest.Reply
		want  reason.Reason
	}{
		{"garbage", to("info", "garbage "+secret+"\r\n"), reason.Protocol},
		{"HTTP", to("info", "HTTP/1.1 400 Bad Request\r\nServer: "+secret+"\r\n\r\n"), reason.Protocol},
		{"an INFO that is none", to("info", redistest.Bulk(secret)), reason.Protocol},
		{"an empty INFO", to("info", redistest.Bulk("")), reason.Protocol},
		{"an INFO that is null", to("info", "$-1\r\n"), reason.Protocol},
		{"an INFO that is an array", to("info", "*2\r\n+a\r\n+b\r\n"), reason.Protocol},
		{"an INFO that is a number", to("info", ":1\r\n"), reason.Protocol},
		{"a status that is not an INFO", to("info", "+OK\r\n"), reason.Protocol},
		{"a huge INFO", to("info", "$9223372036854775807\r\n"), reason.Protocol},
		{"a large INFO", to("info", "$2147483647\r\n"), reason.Protocol},
		{"an INFO past the bound", to("info", redistest.Bulk(samplertest.GoodInfo+strings.Repeat("x", 1<<20))), reason.Protocol},
		{"a huge array", to("info", "*2147483647\r\n"), reason.Protocol},
		{"deep nesting", to("info", strings.Repeat("*1\r\n", 100_000)), reason.Protocol},
		{"half an INFO, then the end", func(asked []string) string {
			if asked[0] == "info" {
				return "$1000\r\nrun_id:a\r\n"
			}
			return samplertest.HangUp
		}, reason.ConnectionLost},
		{"no answer but the end", to("info", samplertest.HangUp), reason.ConnectionLost},
		{"an ECHO that is not ours", to("echo", redistest.Bulk("another")), reason.Protocol},
		{"an ECHO that is null", to("echo", "$-1\r\n"), reason.Protocol},
		{"replies out of step", func(asked []string) string {
			switch asked[0] {
			case "info":
				return redistest.Bulk("stale: reply of a question before") + redistest.Bulk(samplertest.GoodInfo)
			default:
				return redistest.Bulk(asked[1])
			}
		}, reason.Protocol},
		{"an INFO of a question before", func(asked []string) string {
			if asked[0] == "info" {
				return redistest.Bulk(samplertest.GoodInfo) + redistest.Bulk(samplertest.GoodInfo)
			}
			return redistest.Bulk(asked[1])
		}, reason.Protocol},
		{"it loads and says so in INFO", samplertest.Healthy("run_id:a\r\nloading:1\r\n"), reason.Loading},
		{"it says nonsense of whether it loads", samplertest.Healthy("run_id:a\r\nloading:maybe\r\n"), reason.Protocol},
		{"it loads and refuses ECHO", to("echo", "-LOADING Redis is loading "+secret+"\r\n"), reason.Loading},
		{"it refuses INFO", to("info", "-ERR "+secret+" at 10.1.2.3:6379\r\n"), reason.Refused},
		{"it is moved", to("info", "-MOVED 1 10.1.2.3:6379\r\n"), reason.Refused},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := goleak.IgnoreCurrent()
			t.Cleanup(func() { goleak.VerifyNone(t, before) }) // runs when the stub and the probe are closed
			server := samplertest.NewStub(t, tt.reply)
			o := probing(t, samplertest.TargetAt("strange", server.Addr))
			for range 2 {
				o.fail(tt.want)
			}
			_, err := o.attempt(context.Background())
			if err == nil || strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "10.1.2.3") || strings.Contains(err.Error(), server.Addr) {
				t.Errorf("the error shows what it must not: %v", err)
			}
		})
	}
}

func TestServerThatNeverEndsItsAnswerTimesOut(t *testing.T) {
	for name, answer := range map[string]string{
		"nothing":      "",
		"half an INFO": "$1000\r\nrun_id:a\r\n",
		"half a line":  "$10",
		"INFO only":    redistest.Bulk(samplertest.GoodInfo),
	} {
		t.Run(name, func(t *testing.T) {
			server := samplertest.NewStub(t, func(asked []string) string {
				if asked[0] == "info" {
					return answer
				}
				return ""
			})
			tgt := samplertest.TargetAt("slow", server.Addr)
			tgt.Timeout = 100 * time.Millisecond
			if took := probing(t, tgt).fail(reason.Timeout); took > 20*tgt.Timeout {
				t.Errorf("the attempt took %v, want the timeout of %v", took, tgt.Timeout)
			}
		})
	}
}

func TestOldServerIsAskedForEverything(t *testing.T) {
	for name, tt := range map[string]struct {
		info string
		want int // words of the second INFO
	}{
		"6.2":            {samplertest.GoodInfo, 2},
		"7.0":            {strings.Replace(samplertest.GoodInfo, "6.2.0", "7.0.0", 1), 12},
		"no version":     {strings.Replace(samplertest.GoodInfo, "redis_version", "other_version", 1), 2},
		"a version of 8": {strings.Replace(samplertest.GoodInfo, "6.2.0", "8.2.1", 1), 12},
	} {
		t.Run(name, func(t *testing.T) {
			words := make(chan int, 12)
			server := samplertest.NewStub(t, func(asked []string) string {
				if asked[0] == "info" {
					words <- len(asked)
				}
				return samplertest.Healthy(tt.info)(asked)
			})
			o := probing(t, samplertest.TargetAt("old", server.Addr))
			o.sample()
			o.sample()
			if first := <-words; first != 2 {
				t.Errorf("the first INFO has %d words, want 2: the version is not known yet", first)
			}
			if second := <-words; second != tt.want {
				t.Errorf("the second INFO has %d words, want %d", second, tt.want)
			}
		})
	}
}

func TestServerThatRefusesSeveralSectionsIsAskedForEverything(t *testing.T) {
	server := samplertest.NewStub(t, func(asked []string) string {
		if asked[0] == "info" && len(asked) > 2 {
			return "-ERR syntax error\r\n"
		}
		return samplertest.Healthy(strings.Replace(samplertest.GoodInfo, "6.2.0", "7.0.0", 1))(asked)
	})
	o := probing(t, samplertest.TargetAt("picky", server.Addr))
	o.sample()
	o.fail(reason.Refused)
	for range 3 {
		o.sample()
	}
}
