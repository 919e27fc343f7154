package connection

import (
	"bytes"
	"context"
	"errors"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"k8s.io/klog/v2"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
)

const (
	// killWithin is how long a script that was not answered in time is watched. Redis
	// lets a script be killed once it has run for 5 s (busy-reply-threshold).
	killWithin = 30 * time.Second
	// killEvery is the time between two checks of such a script.
	killEvery = time.Second
	// maxWatched bounds how many such scripts are watched at once.
	maxWatched = 64
	// maxLateReply bounds how much is read of replies that arrive after the attempt.
	maxLateReply = 1 << 20
	// busyReply begins what a server replies while a script blocks it.
	busyReply = "-BUSY "
)

// scriptKiller watches the scripts that were not answered in time. It is safe for
// concurrent use.
type scriptKiller struct {
	ctx      context.Context //nolint:containedctx // which ends it, as late as the adapter
	free     chan struct{}
	watching sync.WaitGroup
}

// stopScripts turns the scripts of the target off.
func (g *Group) stopScripts(cause string) { g.scriptsOff.Store(&cause) }

const (
	causeKilled   = "a script of this object did not end, and blocked the server until this adapter ended it"
	causeUnkilled = "a script of this object does not end and blocks the server, whose ACL does not let this adapter end it: call SCRIPT KILL or FUNCTION KILL, and allow the user +script|kill and +function|kill"
)

// scriptTap follows what is written and read on a connection over which a script is
// run.
type scriptTap struct {
	// watched leaves the connection open when the client closes it.
	watched atomic.Bool
	// token is sent after the script, and the server repeats it after the reply.
	token []byte
	// sent and answered report whether the token was sent, and whether it came back or
	// the server refused it.
	sent, answered bool
	out, in        []byte // the end of what was written and read
}

func (s *scriptTap) begin(token string) {
	s.token, s.sent, s.answered, s.out, s.in = []byte(token), false, false, nil, nil
	s.watched.Store(true)
}

// wrote records what was sent, and read what was received.
func (s *scriptTap) wrote(b []byte) {
	if s.watched.Load() && !s.sent {
		s.out, s.sent = scan(s.out, b, s.token)
	}
}

func (s *scriptTap) read(b []byte) {
	if s.watched.Load() && !s.answered {
		s.hear(b)
	}
}

// hear looks for the end of the reply, or a refusal, in what was received.
func (s *scriptTap) hear(b []byte) {
	s.in, s.answered = scan(s.in, b, s.token, []byte(busyReply))
}

// scan reports whether b, after the tail of what came before, contains one of some
// words. It returns the tail that the next bytes may complete to such a word.
func scan(tail, b []byte, words ...[]byte) ([]byte, bool) {
	all, keep, found := slices.Concat(tail, b), 0, false
	for _, word := range words {
		found, keep = found || bytes.Contains(all, word), max(keep, len(word))
	}
	return slices.Clone(all[max(0, len(all)-keep):]), found
}

// RunsScript records that the pipeline has a script, followed by the newest Echo.
func (l *Link) RunsScript() { l.script.begin(l.token) }

// AfterScript follows a script that the server may still run after its attempt. err is
// the error of the attempt.
func (l *Link) AfterScript(err error) {
	conn := l.conn.Load()
	switch {
	case !l.script.watched.Swap(false) || err == nil || conn == nil:
	case l.script.sent && !l.script.answered && (reason.Classify(err).Reason == reason.Timeout || l.server.ctx.Err() != nil):
		l.watchScript(conn)
	default:
		_ = conn.end()
	}
}

// watchScript makes the server end a script whose reply did not come within its
// attempt, if the server still runs it later. It takes over the script's connection.
func (l *Link) watchScript(conn *replyLimit) {
	killer := l.server.killer
	select {
	case killer.free <- struct{}{}:
	default:
		_ = conn.end()
		return
	}
	w := &scriptWatch{link: l, conn: conn}
	logger := klog.FromContext(killer.ctx).WithValues("redis", l.server.target.NamespacedName)
	killer.watching.Go(func() {
		defer func() { <-killer.free }()
		if outcome := w.run(killer.ctx); outcome != "" {
			logger.Info("A script did not end", "outcome", outcome)
		}
	})
}

// bare returns a link with the same credentials whose first commands are not refused
// while a script blocks the server.
func (l *Link) bare(ctx context.Context) *Link {
	bare := &Link{server: l.server, with: l.with}
	options := bare.options()
	options.ClientName, options.DB = "", 0
	bare.start(ctx, options)
	return bare
}

// scriptWatch follows a script that was not answered in time.
type scriptWatch struct {
	link *Link
	conn *replyLimit // that it was sent over
	late int         // bytes that have come since
}

// run returns what was done about the script, empty if nothing was.
func (w *scriptWatch) run(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, killWithin)
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = w.conn.end() })()
	defer func() { _ = w.conn.end() }()
	outcome := ""
	for !w.answered(killEvery) && ctx.Err() == nil {
		l := w.link.bare(ctx)
		err := l.Client.Do(ctx, "echo", "").Err()
		// If another client's script blocks the server, it answers BUSY to this one.
		// Only the script that runs is still without an answer.
		if reason.Classify(err).Reason == reason.Busy && !w.answered(killEvery/4) {
			outcome = w.kill(ctx, l.Client)
		}
		l.close()
		if err == nil {
			break // it has ended, and its reply was lost
		}
	}
	return outcome
}

// kill asks the server to end the script that it runs.
func (w *scriptWatch) kill(ctx context.Context, client *redis.Client) string {
	for _, command := range []string{"script", "function"} { // each ends its own kind alone
		err := client.Do(ctx, command, "kill").Err()
		if err == nil {
			w.link.server.stopScripts(causeKilled)
			return "Killed"
		}
		if reason.Classify(err).Reason == reason.PermissionDenied {
			w.link.server.stopScripts(causeUnkilled)
			return "NotPermitted"
		}
	}
	return ""
}

// answered waits, and reports whether the script is not the one that blocks the server:
// it was answered or refused, or the connection ended.
func (w *scriptWatch) answered(wait time.Duration) bool {
	if w.link.script.answered || w.conn.Conn.SetReadDeadline(time.Now().Add(wait)) != nil {
		return true
	}
	chunk := make([]byte, 4<<10)
	for {
		n, err := w.conn.Conn.Read(chunk)
		w.late += n
		w.link.script.hear(chunk[:n])
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return false
		case err != nil, w.late > maxLateReply, w.link.script.answered:
			w.link.script.answered = true
			return true
		}
	}
}
