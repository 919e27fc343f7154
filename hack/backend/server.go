package backend

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Mode is how a backend behaves.
type Mode string

const (
	// Well answers each request.
	Well Mode = "well"
	// BlackHole lets no packet of a new connection through, and ends those that
	// there are.
	BlackHole Mode = "black-hole"
	// Impostor has a certificate of another authority.
	Impostor Mode = "impostor"
	// Expired rejects the tokens that it has seen.
	Expired Mode = "expired"
	// Broken answers 500.
	Broken Mode = "broken"
	// Busy answers 429, and asks clients to come back in an hour.
	Busy Mode = "busy"
	// Endless answers with a body that does not end.
	Endless Mode = "endless"
	// Garbage lists 100 MB that are no list.
	Garbage Mode = "garbage"
	// Flood lists 100,000 metrics.
	Flood Mode = "flood"
)

const list = `{"kind":"APIResourceList","resources":[{"name":"` + Listed + `","namespaced":true}]}`

// server is the program.
type server struct {
	dir    string // of certificates
	listen string
	ln     *net.TCPListener

	mu     sync.Mutex
	mode   Mode
	since  chan struct{} // closed when the mode ends
	lists  int           // answered in the mode
	seen   map[string]bool
	conns  map[net.Conn]bool
	filler []net.Conn // fill the queue of connections
}

// Started reports whether the program was started to serve.
func Started() bool { return os.Getenv(environment) != "" }

// Serve serves until the process ends, and returns why it cannot.
func Serve() error {
	parts := strings.Split(os.Getenv(environment), ",")
	if len(parts) != 3 {
		return fmt.Errorf("%s is %q", environment, parts)
	}
	s := &server{dir: parts[2], listen: parts[0], mode: Well, since: make(chan struct{}), seen: map[string]bool{}, conns: map[net.Conn]bool{}}
	ln, err := new(net.ListenConfig).Listen(context.Background(), "tcp", s.listen)
	if err != nil {
		return err
	}
	s.ln = ln.(*net.TCPListener)
	served := &http.Server{
		Handler: s, ReadHeaderTimeout: time.Minute, ConnState: s.note,
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: s.certificate},
	}
	control := &http.Server{Addr: parts[1], Handler: http.HandlerFunc(s.control), ReadHeaderTimeout: time.Minute}
	failed := make(chan error, 2)
	go func() { failed <- served.ServeTLS(s, "", "") }()
	go func() { failed <- control.ListenAndServe() }()
	return <-failed
}

// control changes the mode, or says how many lists were answered in it.
func (s *server) control(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPut {
		if err := s.be(r.Context(), Mode(r.URL.Path[1:])); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = fmt.Fprint(w, s.lists)
}

// be changes the mode. Connections of the one before end.
func (s *server) be(ctx context.Context, mode Mode) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.since)
	s.mode, s.lists, s.since = mode, 0, make(chan struct{})
	for conn := range s.conns {
		_ = conn.Close()
	}
	for _, conn := range s.filler {
		_ = conn.Close()
	}
	s.filler = nil
	if mode != BlackHole {
		return s.queue(unix.SOMAXCONN)
	}
	if err := s.queue(0); err != nil {
		return err
	}
	for range 10 { // until the kernel drops what would connect
		conn, err := (&net.Dialer{Timeout: 300 * time.Millisecond}).DialContext(ctx, "tcp", s.listen)
		if err != nil {
			return nil
		}
		s.filler = append(s.filler, conn)
	}
	return errors.New("the queue of connections is never full")
}

// queue changes how many connections wait to be accepted.
func (s *server) queue(length int) error {
	raw, err := s.ln.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) { failed = unix.Listen(int(fd), length) })
	return errors.Join(err, failed)
}

// Accept implements net.Listener. It accepts nothing in a black hole.
func (s *server) Accept() (net.Conn, error) {
	conn, err := s.ln.Accept()
	for err == nil {
		mode, ended := s.current()
		if mode != BlackHole {
			break
		}
		<-ended
	}
	return conn, err
}

// Addr implements net.Listener.
func (s *server) Addr() net.Addr { return s.ln.Addr() }

// Close implements net.Listener.
func (s *server) Close() error { return s.ln.Close() }

func (s *server) current() (mode Mode, ended <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mode, s.since
}

func (s *server) note(conn net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch state {
	case http.StateNew:
		s.conns[conn] = true
	case http.StateClosed:
		delete(s.conns, conn)
	default:
	}
}

func (s *server) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	name := right
	if mode, _ := s.current(); mode == Impostor {
		name = wrong
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(s.dir, name+".crt"), filepath.Join(s.dir, name+".key"))
	return &pair, err
}

// ServeHTTP implements http.Handler.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	mode, ended := s.current()
	isList := strings.Count(r.URL.Path, "/") == 3
	w.Header().Set("Content-Type", "application/json")
	switch {
	case s.rejects(r.Header.Get("Authorization")):
		w.WriteHeader(http.StatusUnauthorized)
	case mode == Broken:
		w.WriteHeader(http.StatusInternalServerError)
	case mode == Busy:
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusTooManyRequests)
	case mode == Endless:
		endless(r.Context(), w, ended)
	case !isList:
		_, _ = io.WriteString(w, Value)
	default:
		s.answerList(w, mode)
		s.mu.Lock()
		s.lists++
		s.mu.Unlock()
	}
}

// rejects reports whether a token was seen before it is said to have expired.
func (s *server) rejects(token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mode == Expired {
		return s.seen[token]
	}
	s.seen[token] = true
	return false
}

// endless writes until nobody reads, at a pace that leaves the processors to
// others.
func endless(ctx context.Context, w io.Writer, ended <-chan struct{}) {
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for text := make([]byte, 64<<10); ; {
		if _, err := w.Write(text); err != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-ended:
			return
		case <-ticker.C:
		}
	}
}

func (s *server) answerList(w io.Writer, mode Mode) {
	switch mode {
	case Garbage:
		text := strings.Repeat("\x00garbage", 1<<13)
		for range 100 << 20 / len(text) {
			if _, err := io.WriteString(w, text); err != nil {
				return
			}
		}
	case Flood:
		names := make([]string, 100_000)
		for i := range names {
			names[i] = fmt.Sprintf(`{"name":"pods/m%d"}`, i)
		}
		_, _ = io.WriteString(w, `{"kind":"APIResourceList","resources":[`+strings.Join(names, ",")+`]}`)
	default:
		_, _ = io.WriteString(w, list)
	}
}
