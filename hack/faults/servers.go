package faults

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
)

// servers returns the rows of a server that does not answer, or restarts.
func servers() []Fault {
	silent := func(name, how string, inject func(context.Context, *Subject, func()) error, reasons ...reason.Reason) Fault {
		return Fault{Name: name, How: how, Scope: Server, Levels: verifier.Holds, Rates: verifier.Holds, Reasons: reasons, Within: 4, inject: inject}
	}
	return []Fault{
		silent("the server is killed, and restarted later", "SIGKILL, restart with its data", killed, reason.ConnectionRefused),
		silent("the server is suspended", "SIGSTOP, SIGCONT", halted, reason.Timeout),
		silent("a command blocks the server", "DEBUG SLEEP", asleep, reason.Timeout),
		silent("the server pauses all clients", "CLIENT PAUSE ALL", paused, reason.Timeout),
		slowly(silent("the server is loading its data", "DEBUG RELOAD with key-load-delay", loading, reason.Loading, reason.Timeout)),
		silent("a script does not end", "EVAL of an endless loop, SCRIPT KILL", busy, reason.Busy, reason.Timeout),
		{
			Name: "the server is killed, and restarted at once", How: "SIGKILL and restart with its data", Scope: Server, Brief: true,
			Rates: verifier.Renews, Within: 4,
			inject: func(ctx context.Context, s *Subject, hold func()) error {
				hold()
				return errors.Join(s.compact(ctx), s.breaks(s.restart))
			},
		},
		{
			Name: "the server restarts, and its counters outgrow the old ones at once", How: "restart, then more requests than it served before", Scope: Server, Brief: true,
			Rates: verifier.Renews, Within: 4, inject: restartedUnderLoad,
		},
	}
}

// fillers is how many keys a server loads slowly.
const fillers = 100

func slowly(f Fault) Fault {
	f.Blurs = blurred(fillers)
	return f
}

// compact rewrites the server's append-only file. After a long run it has many times as many commands as keys, and
// loading takes longer than an interval.
func (s *Subject) compact(ctx context.Context) error {
	client := s.operator()
	defer func() { _ = client.Close() }()
	if err := client.BgRewriteAOF(ctx).Err(); err != nil {
		return err
	}
	return s.until(ctx, "the append-only file is rewritten", func(ctx context.Context) bool {
		info, err := client.Info(ctx, "persistence").Result()
		return err == nil && strings.Contains(info, "aof_rewrite_in_progress:0") && strings.Contains(info, "aof_rewrite_scheduled:0")
	})
}

func (s *Subject) restart() error {
	from := time.Now()
	s.Server.Restart()
	s.Load.Truth().Happened(verifier.Started, verifier.Span{From: from, To: time.Now()})
	return nil
}

func killed(_ context.Context, s *Subject, hold func()) error {
	return s.breaks(func() error {
		s.Server.Kill()
		hold()
		return s.restart()
	})
}

func halted(_ context.Context, s *Subject, hold func()) error {
	s.Server.Signal(syscall.SIGSTOP)
	hold()
	s.Server.Signal(syscall.SIGCONT)
	return nil
}

func asleep(ctx context.Context, s *Subject, hold func()) error {
	lasts := s.longest().Seconds()
	ended := s.startSlow(ctx, "debug", "sleep", strconv.FormatFloat(lasts, 'f', 1, 64))
	hold()
	return ended()
}

// longest returns a little more than a fault that makes all unknown lasts.
func (s *Subject) longest() time.Duration {
	return Fault{Levels: verifier.Holds}.holds(s.Verifier.Policy()) + 300*time.Millisecond
}

func paused(ctx context.Context, s *Subject, hold func()) error {
	if err := s.operate(ctx, []any{"client", "pause", s.longest().Milliseconds(), "all"}); err != nil {
		return err
	}
	hold()
	return s.until(ctx, "clients go on", func(ctx context.Context) bool { return s.operate(ctx, []any{"ping"}) == nil })
}

// loading makes the server load its data for as long as the fault lasts: some bytes of each key, and a delay after
// each.
func loading(ctx context.Context, s *Subject, hold func()) error {
	const bytes = 3000
	delay := s.longest() / fillers
	keys, filled := []any{"del"}, []any{"mset"}
	for n := range fillers {
		key := "filler:" + strconv.Itoa(n)
		keys, filled = append(keys, key), append(filled, key, noise(bytes))
	}
	set := []any{"config", "set", "key-load-delay", delay.Microseconds(), "loading-process-events-interval-bytes", 1024}
	if err := s.operate(ctx, set, filled); err != nil {
		return err
	}
	ended := s.startSlow(ctx, "debug", "reload")
	hold()
	if err := ended(); err != nil {
		return err
	}
	return s.operate(ctx, keys, []any{"config", "set", "key-load-delay", 0})
}

// noise returns text that a server cannot compress.
func noise(n int) string {
	text := make([]byte, n)
	for i := range text {
		text[i] = byte(rand.IntN(256))
	}
	return string(text)
}

func busy(ctx context.Context, s *Subject, hold func()) error {
	if err := s.operate(ctx, []any{"config", "set", "busy-reply-threshold", 100}); err != nil {
		return err
	}
	ended := s.startSlow(ctx, "eval", "while true do end", 0)
	hold()
	err := s.until(ctx, "the script is killed", func(ctx context.Context) bool { return s.operate(ctx, []any{"script", "kill"}) == nil })
	_ = ended() // it says that it was killed
	return err
}

// restartedUnderLoad restarts a young server, and makes its counters outgrow the earlier ones at once.
func restartedUnderLoad(ctx context.Context, s *Subject, hold func()) error {
	hold()
	if err := errors.Join(s.compact(ctx), s.breaks(s.restart)); err != nil {
		return err
	}
	verifier.Sleep(ctx, 2*s.Verifier.Policy().Interval+s.Verifier.Policy().Interval/2)
	if err := s.breaks(s.restart); err != nil {
		return err
	}
	return s.until(ctx, "the load is back", func(ctx context.Context) bool { return s.Load.Burst(ctx, 2000) == nil })
}

// directory returns the directory of the server's files.
func (s *Subject) directory(ctx context.Context) (string, error) {
	client := s.operator()
	defer func() { _ = client.Close() }()
	config, err := client.ConfigGet(ctx, "dir").Result()
	return config["dir"], err
}

// unsaved makes each save fail, because a directory has the name of the file.
func (s *Subject) unsaved(ctx context.Context) error {
	dir, err := s.directory(ctx)
	if err != nil {
		return err
	}
	const name = "taken.rdb"
	if err := os.MkdirAll(filepath.Join(dir, name, "by-a-directory"), 0o700); err != nil {
		return err
	}
	return s.operate(ctx, []any{"config", "set", "dbfilename", name, "save", "3600 1"}, []any{"bgsave"})
}
