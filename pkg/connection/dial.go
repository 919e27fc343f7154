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

// A write buffer holds a request as one write: a short one, or a long one if the object
// declares metrics. The client's read buffer holds a line: INFO is read past it.
const writeBufferBytes, longWriteBufferBytes, clientReadBufferBytes = 512, 4 << 10, 256

// unixScheme begins an address that is a Unix socket. What servers name never does: it is a host and a port.
const unixScheme = "unix://"

// errDialed says that a link would dial a second time.
var errDialed error = &reason.Error{Reason: reason.ConnectionLost, Cause: errors.New("the connection was closed while idle")}

// Link is a client and its one connection. It does not dial again, since its
// credentials may not be the newest any more.
type Link struct {
	// Client is the client, and Pipe a pipeline of it that is used again and again.
	Client *redis.Client
	Pipe   redis.Pipeliner
	// Capabilities are what the user of the link has learned of the server.
	Capabilities Capabilities

	server *Server
	// with are the credentials that it is dialed with.
	with *credentials.Credentials
	// unwatch ends the wait for the end of the group.
	unwatch func() bool
	conn    atomic.Pointer[replyLimit] // what the client dialed last
	script  scriptTap
	// tokens begins those that the server is asked to send back, asked counts them,
	// and token is the newest.
	tokens string
	asked  uint64
	token  string
}

// Capabilities are what a server is known to support. Each connection asks again.
type Capabilities struct {
	// Info is INFO with its sections, nil if the server is not known to take several.
	Info []any
	// Identified says that the node of a cluster has told its version, Migrations that it has
	// CLUSTER GETSLOTMIGRATIONS, and RefusesMigrations that it refused that.
	Identified, Migrations, RefusesMigrations bool
}

// dial makes a link that dials in the next attempt.
func (s *Server) dial(with *credentials.Credentials) *Link {
	l := &Link{server: s, with: with, tokens: rand.Text()[:16]}
	l.start(s.ctx, l.options())
	return l
}

// start makes the client of a link, which closes when ctx ends: go-redis heeds a
// deadline and not a cancellation, and only closing ends a read.
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

// connect returns a connection over which a server may be told a password: under
// TLS, the server has shown its certificate by then.
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

// Asked returns when the newest request began to be written, which does not count dialing.
func (l *Link) Asked() time.Time { return l.conn.Load().asked }

// Sent reports whether the server may have executed requests that ended with an error.
func (l *Link) Sent(err error) bool { return l.conn.Load() != nil && !errors.Is(err, errDialed) }

// Echo adds a new token to the pipeline, which the server repeats after all other
// replies. PING will not do, which Redis refuses while it cannot save (MISCONF).
func (l *Link) Echo(ctx context.Context) *redis.StringCmd {
	l.asked++
	l.token = l.tokens + strconv.FormatUint(l.asked, 10)
	echo := redis.NewStringCmd(ctx, "echo", l.token)
	_ = l.Pipe.Process(ctx, echo)
	return echo
}

// InStep returns an error unless the reply to the newest Echo is its token: then all
// replies belong to the requests that they were read for.
func (l *Link) InStep(echo *redis.StringCmd) error {
	if echo.Val() != l.token {
		return &reason.Error{Reason: reason.Protocol, Cause: errors.New("replies are out of step")}
	}
	return nil
}

// explain finds out why a server closed the connection: one that has too many
// clients says so unasked, and go-redis takes that for the reply to HELLO. Under
// TLS 1.3, one that takes no certificate says so after the handshake only, if it is heard at all.
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
// closed while idle, or the server did not let it go on with credentials that are
// not the newest any more.
func (l *Link) usesOldCredentials(err error, newest *credentials.Credentials) bool {
	failed := reason.Classify(err)
	return errors.Is(err, errDialed) || newest != l.with && (failed.Reason == reason.ConnectionLost || failed.OfCredentials())
}

func (l *Link) close() {
	l.unwatch()
	_ = l.Client.Close()
}
