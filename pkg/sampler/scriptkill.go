package sampler

import (
	"bytes"
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"k8s.io/klog/v2"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
)

const (
	// killWithin is how long a script that was not answered in time is watched. Redis
	// lets a script be killed once it has run for 5 s (busy-reply-threshold).
	killWithin = 30 * time.Second
	// killEvery is the time between two looks at such a script.
	killEvery = time.Second
	// maxKillers bounds how many such scripts are watched at once.
	maxKillers = 64
	// maxLateReply bounds what is read of the replies that come after the attempt.
	maxLateReply = 1 << 20
	// busyReply begins what a server answers that a script blocks.
	busyReply = "-BUSY "
)

// killers watch the scripts that were not answered in time. They are safe for
// concurrent use.
type killers struct {
	ctx  context.Context //nolint:containedctx // which ends them, as late as the adapter
	free chan struct{}
	wg   sync.WaitGroup
}

func newKillers(ctx context.Context) *killers {
	return &killers{ctx: ctx, free: make(chan struct{}, maxKillers)}
}

// scripts says whether the scripts of one target are still asked. It is safe for
// concurrent use.
type scripts struct {
	off atomic.Pointer[probe.HeldBack]
}

// stop has the scripts of the target asked no more.
func (s *scripts) stop(cause string) {
	s.off.Store(&probe.HeldBack{OnlyScripts: true, Cause: cause})
}

const (
	causeKilled   = "a script of this object did not end, and blocked the server until this adapter ended it"
	causeUnkilled = "a script of this object does not end and blocks the server, whose ACL does not let this adapter end it: call SCRIPT KILL or FUNCTION KILL, and allow the user +script|kill and +function|kill"
)

// askedScript follows a script that is asked over a connection.
type askedScript struct {
	// watched leaves the connection open when the client closes it.
	watched atomic.Bool
	// token is sent after the script, and the server repeats it after the reply.
	token []byte
	// sent and answered report whether the token was, or the server refused it.
	sent, answered bool
	out, in        []byte // the end of what was written and read
}

func (s *askedScript) begin(token string) {
	s.token, s.sent, s.answered, s.out, s.in = []byte(token), false, false, nil, nil
	s.watched.Store(true)
}

// wrote notes what was sent, and read what was received.
func (s *askedScript) wrote(b []byte) {
	if s.watched.Load() && !s.sent {
		s.out, s.sent = scan(s.out, b, s.token)
	}
}

func (s *askedScript) read(b []byte) {
	if s.watched.Load() && !s.answered {
		s.hear(b)
	}
}

// hear looks for an answer in what was received.
func (s *askedScript) hear(b []byte) {
	s.in, s.answered = scan(s.in, b, s.token, []byte(busyReply))
}

// scan reports whether what follows a tail holds one of some words, and returns the
// tail that what comes next may complete to one.
func scan(tail, b []byte, words ...[]byte) ([]byte, bool) {
	all, keep, found := slices.Concat(tail, b), 0, false
	for _, word := range words {
		found, keep = found || bytes.Contains(all, word), max(keep, len(word))
	}
	return slices.Clone(all[max(0, len(all)-keep):]), found
}

// afterScript looks after a script that the server may run on when its attempt is over.
func (p *poller) afterScript(l *link, err error) {
	conn := l.conn.Load()
	switch {
	case !l.script.watched.Swap(false) || err == nil || conn == nil:
	case l.script.sent && !l.script.answered && (reason.Classify(err).Reason == reason.Timeout || p.sampling.Err() != nil):
		p.watchScript(l)
	default:
		_ = conn.end()
	}
}

// watchScript has the server end a script whose reply did not come within its
// attempt, if the server still runs it later. It takes over the connection that the
// script was sent over.
func (p *poller) watchScript(l *link) {
	conn := l.conn.Load()
	select {
	case p.killers.free <- struct{}{}:
	default:
		_ = conn.end()
		return
	}
	w := &scriptWatch{
		conn: conn, asked: &l.script, off: p.scripts,
		dial: func() *link { return p.dialBare(p.killers.ctx, l) },
	}
	logger := klog.FromContext(p.killers.ctx).WithValues("redis", p.target.NamespacedName)
	p.killers.wg.Go(func() {
		defer func() { <-p.killers.free }()
		if outcome := w.run(p.killers.ctx); outcome != "" {
			logger.Info("A script did not end", "outcome", outcome)
		}
	})
}

// dialBare makes a link that sends nothing at first that a server refuses which a
// script blocks, with the credentials of another link.
func (s *session) dialBare(ctx context.Context, like *link) *link {
	l := &link{with: like.with, control: like.control, dials: like.dials, counted: like.counted, bursts: like.bursts}
	options := s.options(l)
	options.ClientName, options.DB = "", 0
	l.client = redis.NewClient(options)
	l.unwatch = context.AfterFunc(ctx, func() { _ = l.client.Close() })
	return l
}

// scriptWatch follows a script that was not answered in time.
type scriptWatch struct {
	asked *askedScript
	conn  *replyLimit // that it was sent over
	late  int         // bytes that have come since
	off   *scripts
	dial  func() *link
}

// run returns what was done to the script, empty if nothing was.
func (w *scriptWatch) run(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, killWithin)
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = w.conn.end() })()
	defer func() { _ = w.conn.end() }()
	outcome := ""
	for !w.answered(killEvery) && ctx.Err() == nil {
		l := w.dial()
		err := l.client.Do(ctx, "echo", "").Err()
		// A server that another client's script blocks answers BUSY to all that it was
		// sent before. The one script that is not answered by then is the one that runs.
		if isReply(err, "BUSY") && !w.answered(killEvery/4) {
			outcome = w.kill(ctx, l.client)
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
			w.off.stop(causeKilled)
			return "Killed"
		}
		if isReply(err, "NOPERM") {
			w.off.stop(causeUnkilled)
			return "NotPermitted"
		}
	}
	return ""
}

// answered reports whether a wait shows that the script is not the one that blocks
// the server: it was answered or refused, or the connection ended.
func (w *scriptWatch) answered(wait time.Duration) bool {
	if w.asked.answered || w.conn.Conn.SetReadDeadline(time.Now().Add(wait)) != nil {
		return true
	}
	chunk := make([]byte, 4<<10)
	for {
		n, err := w.conn.Conn.Read(chunk)
		w.late += n
		w.asked.hear(chunk[:n])
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return false
		case err != nil, w.late > maxLateReply, w.asked.answered:
			w.asked.answered = true
			return true
		}
	}
}

// isReply reports whether a server answered with an error of a class.
func isReply(err error, class string) bool {
	var reply redis.Error
	return errors.As(err, &reply) && strings.HasPrefix(reply.Error(), class+" ")
}
