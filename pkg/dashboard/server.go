package dashboard

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/overview"
)

// page holds what the browser loads. uplot is version 1.6.32 of https://github.com/leeoniya/uPlot, with its licence.
//
//go:embed page
var page embed.FS

// files are what the server serves, each with its path in page and its type. The system may register other types,
// and a browser runs no script of another type.
var files = map[string]struct{ path, contentType string }{
	"/":                  {"page/index.html", "text/html; charset=utf-8"},
	"/page.css":          {"page/page.css", "text/css; charset=utf-8"},
	"/page.js":           {"page/page.js", "text/javascript; charset=utf-8"},
	"/icon.svg":          {"page/icon.svg", "image/svg+xml"},
	"/uPlot.min.css":     {"page/uplot/uPlot.min.css", "text/css; charset=utf-8"},
	"/uPlot.iife.min.js": {"page/uplot/uPlot.iife.min.js", "text/javascript; charset=utf-8"},
}

// Read reads the cluster.
type Read func(context.Context) (overview.Overview, error)

// Options says what a Server shows.
type Options struct {
	// Port is the port on loopback, 0 for any free one.
	Port int
	// Scope says what is read, such as "namespace shop".
	Scope string
	Read  Read
	// Interval is the time between two reads.
	Interval time.Duration
}

// Server serves the page.
type Server struct {
	options  Options
	listener net.Listener
	token    string
	history  *history
}

// Listen returns a Server that listens. Run serves.
func Listen(ctx context.Context, options Options) (*Server, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(options.Port)))
	if err != nil {
		return nil, err
	}
	return &Server{options, listener, rand.Text(), newHistory()}, nil
}

// URL returns the URL of the page, including the token.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() + "/#" + s.token }

// Run reads the cluster and serves the page until the context ends.
func (s *Server) Run(ctx context.Context) error {
	server := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          log.New(io.Discard, "", 0),
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	served := make(chan error, 1)
	go func() {
		served <- server.Serve(s.listener)
		cancel()
	}()
	s.watch(ctx)
	err := server.Close()
	if serveErr := <-served; !errors.Is(serveErr, http.ErrServerClosed) {
		err = errors.Join(serveErr, err)
	}
	return err
}

// watch reads the cluster once per interval until the context ends.
func (s *Server) watch(ctx context.Context) {
	ticker := time.NewTicker(s.options.Interval)
	defer ticker.Stop()
	for {
		o, err := s.options.Read(ctx)
		if ctx.Err() != nil {
			return
		}
		s.history.add(o, err, time.Now())
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "+
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Content-Type-Options", "nosniff")
	switch {
	case !s.isOurs(r.Host):
		http.Error(w, "the Host header must be that of the address that the command printed", http.StatusMisdirectedRequest)
	case r.Method != http.MethodGet:
		header.Set("Allow", http.MethodGet)
		http.Error(w, "use GET", http.StatusMethodNotAllowed)
	case r.URL.Path == "/readings":
		s.serveReadings(w, r)
	default:
		serveFile(w, r)
	}
}

// isOurs reports whether a Host header names loopback, rather than a foreign name that resolves to
// it.
func (s *Server) isOurs(host string) bool {
	_, port, err := net.SplitHostPort(s.listener.Addr().String())
	return err == nil && (host == "127.0.0.1:"+port || host == "localhost:"+port)
}

func (s *Server) serveReadings(w http.ResponseWriter, r *http.Request) {
	if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte("Bearer "+s.token)) != 1 {
		http.Error(w, "open the address that the command printed", http.StatusUnauthorized)
		return
	}
	from, err := strconv.Atoi(r.URL.Query().Get("from"))
	if err != nil || from < 0 {
		http.Error(w, "from must be the number of a reading", http.StatusBadRequest)
		return
	}
	answer := s.history.from(from)
	answer.Scope, answer.Interval = s.options.Scope, s.options.Interval.Seconds()
	body, err := json.Marshal(answer)
	if err != nil {
		http.Error(w, fmt.Sprintf("the readings cannot be written: %v", err), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body)
}

func serveFile(w http.ResponseWriter, r *http.Request) {
	file := files[r.URL.Path]
	body, err := page.ReadFile(file.path)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", file.contentType)
	_, _ = w.Write(body)
}
