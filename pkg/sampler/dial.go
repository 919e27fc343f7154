package sampler

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"golang.org/x/time/rate"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/credentials"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
)

// ClientName is the name under which the adapter's connections stand in CLIENT LIST.
const ClientName = "redis-metrics-adapter"

// Buffers of a connection hold a short question, or a long one where the object declares metrics, so that it is one write,
// and a line of an answer: INFO, of about 6 KB, is read past them.
const writeBufferBytes, longWriteBufferBytes, clientReadBufferBytes = 512, 4 << 10, 256

// unixScheme begins an address that is a Unix socket. What servers name never does: it is a host and a port.
const unixScheme = "unix://"

// errDialed says that a link would dial a second time.
var errDialed error = &reason.Error{Reason: reason.ConnectionLost, Cause: errors.New("the connection was closed while idle")}

// link is a client and its one connection. It does not dial again, since its
// credentials may not be the newest any more.
type link struct {
	client *redis.Client
	pipe   redis.Pipeliner
	// unwatch ends the wait for the end of the sampling.
	unwatch func() bool
	conn    atomic.Pointer[replyLimit] // what the client dialed last
	script  askedScript
	// with are the credentials that it is dialed with, and control is asked before.
	with    *credentials.Credentials
	control func(ctx context.Context, network, address string, c syscall.RawConn) error
	dials   *rate.Limiter
	// counted takes a connection to a server into account.
	counted func(server net.Addr) (release func(), err error)
	bursts  *readBuffers
	// info is INFO with its sections, once the server is known to take several.
	info []any
	// met says that the node of a cluster has told its version, migrations that it
	// has CLUSTER GETSLOTMIGRATIONS, and refusesMigrations that it refused that.
	met, migrations, refusesMigrations bool
	// tokens begins those that the server is asked to send back, asked counts them,
	// and token is the newest.
	tokens string
	asked  uint64
	token  string
}

// dial makes a link that dials in the next attempt.
func (s *session) dial(with *credentials.Credentials) *link {
	l := &link{with: with, control: s.egress.Control, dials: s.dials, bursts: s.bursts, tokens: rand.Text()[:16]}
	l.counted = func(server net.Addr) (func(), error) { return s.connections.begin(server, s.target, s.address) }
	l.client = redis.NewClient(s.options(l))
	l.pipe = l.client.Pipeline()
	// go-redis heeds a deadline and not a cancellation: only closing ends a read.
	l.unwatch = context.AfterFunc(s.sampling, func() { _ = l.client.Close() })
	return l
}

// options are those of a link's client.
func (s *session) options(l *link) *redis.Options {
	network, address := "tcp", s.address
	if path, ok := strings.CutPrefix(s.address, unixScheme); ok {
		network, address = "unix", path
	}
	writeBuffer := writeBufferBytes
	if s.target.Probes != nil {
		writeBuffer = longWriteBufferBytes
	}
	return &redis.Options{
		Network:         network, // go-redis would take an address that a server makes up for a path
		Addr:            address,
		DB:              s.database,
		ClientName:      ClientName,
		Username:        l.with.Username,
		Password:        l.with.Password,
		Dialer:          l.connect,
		Protocol:        2,
		DisableIdentity: true,
		// One attempt is one attempt: the loop decides when the next one is due.
		MaxRetries:            -1,
		DialerRetries:         1,
		ContextTimeoutEnabled: true,
		DialTimeout:           s.target.Timeout,
		ReadTimeout:           s.target.Timeout,
		WriteTimeout:          s.target.Timeout,
		PoolTimeout:           s.target.Timeout,
		// One is used. A pool of one begins to dial in the background once a dial has failed.
		PoolSize:         2,
		PipelinePoolSize: -1, // pipelines go through the one connection, without 256 KiB of buffers
		MaxIdleConns:     1,
		ConnMaxIdleTime:  -1,
		ReadBufferSize:   clientReadBufferBytes,
		WriteBufferSize:  writeBuffer,
		MaintNotificationsConfig: &maintnotifications.Config{
			Mode: maintnotifications.ModeDisabled,
		},
	}
}

// connect returns a connection by which a server may be told a password: under
// TLS, the server has shown its certificate by then.
func (l *link) connect(ctx context.Context, network, address string) (net.Conn, error) {
	if l.conn.Load() != nil {
		return nil, errDialed
	}
	if err := awaitDial(ctx, l.dials); err != nil {
		return nil, err
	}
	dialer := net.Dialer{ControlContext: l.control} // the context bounds it
	socket, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	release, err := l.counted(socket.RemoteAddr())
	if err != nil {
		_ = socket.Close()
		return nil, err
	}
	guarded := &replyLimit{socket: socket, script: &l.script, release: release}
	if l.with.TLS == nil {
		guarded.socket = newReadBuffer(socket, l.bursts)
		guarded.Conn = guarded.socket
	} else if guarded.Conn, err = handshake(ctx, socket, l.with.TLS, address); err != nil {
		release()
		_ = socket.Close()
		return nil, err
	}
	l.conn.Store(guarded)
	return guarded, nil
}

// explain finds out why a server closed the connection: one that has too many
// clients says so unasked, and go-redis takes that for the answer to HELLO. Under
// TLS 1.3, one that takes no certificate says so after the handshake only, if it is heard at all.
func (l *link) explain(err *reason.Error) *reason.Error {
	conn := l.conn.Load()
	if err.Reason != reason.ConnectionLost || conn == nil {
		return err
	}
	if refusal := conn.refusal.Load(); refusal != nil && reason.OfReply(*refusal) == reason.TooManyClients {
		return &reason.Error{Reason: reason.TooManyClients, Cause: err}
	}
	if l.with.TLS != nil && !conn.begun.Load() {
		return &reason.Error{Reason: reason.TLSHandshakeFailed, Cause: err}
	}
	return err
}

// usesOldCredentials reports whether another link may succeed where this one failed: it was
// closed while idle, or the server did not let it go on with credentials that are
// not the newest any more.
func (l *link) usesOldCredentials(err error, newest *credentials.Credentials) bool {
	failed := reason.Classify(err)
	return errors.Is(err, errDialed) || newest != l.with && (failed.Reason == reason.ConnectionLost || failed.OfCredentials())
}

func (l *link) close() {
	l.unwatch()
	_ = l.client.Close()
}
