package connection

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/credentials"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// ClientName is the name of the adapter's connections in CLIENT LIST.
const ClientName = "redis-metrics-adapter"

// A write buffer holds a whole request: a short one, or a long one if the object
// declares metrics. The client's read buffer holds a line. INFO is read past it.
const writeBufferBytes, longWriteBufferBytes, clientReadBufferBytes = 512, 4 << 10, 256

// unixScheme begins the address of a Unix socket. Servers announce hosts and ports only.
const unixScheme = "unix://"

// errDialed means that a link would have to dial a second time.
var errDialed error = &reason.Error{Reason: reason.ConnectionLost, Cause: errors.New("the connection was closed while idle")}

// Link is a client and its one connection. It does not dial again, because its
// credentials may be outdated by then.
type Link struct {
	// Client is the client, and Pipe a pipeline of it that is reused.
	Client *redis.Client
	Pipe   redis.Pipeliner
	// Capabilities are what the user of the link has learned about the server.
	Capabilities Capabilities

	server *Server
	// with are the credentials with which it is dialed.
	with *credentials.Credentials
	// unwatch stops waiting for the end of the group.
	unwatch func() bool
	conn    atomic.Pointer[replyLimit] // what the client dialed last
	script  scriptTap
	// tokens is the prefix of the tokens that the server is asked to send back, asked
	// counts them, and token is the newest.
	tokens string
	asked  uint64
	token  string
}

// Capabilities are what a server is known to support. They are learned again for each
// connection.
type Capabilities struct {
	// Info is the command INFO with its sections, nil if the server is not known to
	// accept several.
	Info []any
	// Identified is set once a node of a cluster has reported its version, Migrations if it
	// has CLUSTER GETSLOTMIGRATIONS, and RefusesMigrations if it refused that command.
	Identified, Migrations, RefusesMigrations bool
}

// dial returns a link that dials in the next attempt.
func (s *Server) dial(with *credentials.Credentials) *Link {
	l := &Link{server: s, with: with, tokens: rand.Text()[:16]}
	l.start(s.ctx, l.options())
	return l
}

// start creates the client of a link. It is closed when ctx ends: go-redis obeys a
// deadline but no cancellation, and only closing ends a read.
func (l *Link) start(ctx context.Context, options *redis.Options) {
	l.Client = redis.NewClient(options)
	l.Pipe = l.Client.Pipeline()
	l.unwatch = context.AfterFunc(ctx, func() { _ = l.Client.Close() })
}

func (l *Link) options() *redis.Options {
	s := l.server
	network, address := "tcp", s.address
	if path, ok := strings.CutPrefix(s.address, unixScheme); ok {
		network, address = "unix", path
	}
	database := 0
	if s.party == target.Servers {
		database = s.target.Database
	}
	writeBuffer := writeBufferBytes
	if s.target.Probes != nil {
		writeBuffer = longWriteBufferBytes
	}
	return &redis.Options{
		Network:         network, // go-redis would take an address that a server makes up for a path
		Addr:            address,
		DB:              database,
		ClientName:      ClientName,
		Username:        l.with.Username,
		Password:        l.with.Password,
		Dialer:          l.connect,
		Protocol:        2,
		DisableIdentity: true,
		// One attempt is one attempt: the schedule decides when the next one is due.
		MaxRetries:            -1,
		DialerRetries:         1,
		ContextTimeoutEnabled: true,
		DialTimeout:           s.target.Timeout,
		ReadTimeout:           s.target.Timeout,
		WriteTimeout:          s.target.Timeout,
		PoolTimeout:           s.target.Timeout,
		// Only one is used, but a pool of one would dial in the background after a failed
		// dial.
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

// connect returns a connection over which a password may be sent: with TLS, the server
// has shown its certificate.
func (l *Link) connect(ctx context.Context, network, address string) (net.Conn, error) {
	if l.conn.Load() != nil {
		return nil, errDialed
	}
	s := l.server
	if err := awaitDial(ctx, s.limit); err != nil {
		return nil, err
	}
	dialer := net.Dialer{ControlContext: s.egress.Control} // the context bounds it
	socket, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	release, err := s.connections.begin(socket.RemoteAddr(), s.target, s.address)
	if err != nil {
		_ = socket.Close()
		return nil, err
	}
	limited := &replyLimit{socket: socket, script: &l.script, release: release}
	if l.with.TLS == nil {
		limited.socket = newReadBuffer(socket, s.readBuffers)
		limited.Conn = limited.socket
	} else if limited.Conn, err = handshake(ctx, socket, l.with.TLS, address); err != nil {
		release()
		_ = socket.Close()
		return nil, err
	}
	l.conn.Store(limited)
	return limited, nil
}

// Asked returns when the write of the newest request began, after any dialing.
func (l *Link) Asked() time.Time { return l.conn.Load().asked }

// Sent reports whether the server may have executed requests that ended with an error.
func (l *Link) Sent(err error) bool { return l.conn.Load() != nil && !errors.Is(err, errDialed) }

// Echo adds a new token to the pipeline, which the server repeats after all other
// replies. PING would not do, because Redis refuses it while it cannot save (MISCONF).
func (l *Link) Echo(ctx context.Context) *redis.StringCmd {
	l.asked++
	l.token = l.tokens + strconv.FormatUint(l.asked, 10)
	echo := redis.NewStringCmd(ctx, "echo", l.token)
	_ = l.Pipe.Process(ctx, echo)
	return echo
}

// InStep returns an error unless the reply to the newest Echo is its token, which shows
// that each reply belongs to its request.
func (l *Link) InStep(echo *redis.StringCmd) error {
	if echo.Val() != l.token {
		return &reason.Error{Reason: reason.Protocol, Cause: errors.New("replies are out of step")}
	}
	return nil
}

// explain finds out why a server closed the connection. A server with too many clients says so
// before any request, and go-redis takes that for the reply to HELLO. With TLS 1.3, a server
// rejects a certificate only after the handshake, and the alert may be lost.
func (l *Link) explain(err *reason.Error) *reason.Error {
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
// closed while idle, or the server rejected credentials that are no longer the newest.
func (l *Link) usesOldCredentials(err error, newest *credentials.Credentials) bool {
	failed := reason.Classify(err)
	return errors.Is(err, errDialed) || newest != l.with && (failed.Reason == reason.ConnectionLost || failed.OfCredentials())
}

func (l *Link) close() {
	l.unwatch()
	_ = l.Client.Close()
}
