package redistest

import (
	"strings"
)

// Replicas starts replicas of a server, and waits until they are connected.
func (s *Server) Replicas(n int, args ...string) []*Server {
	s.t.Helper()
	host, port := s.link()
	if s.Password != "" {
		args = append([]string{"--masterauth", s.Password}, args...)
	}
	replicas := make([]*Server, n)
	for i := range replicas {
		replicas[i] = s.Program.New(s.t, append([]string{"--replicaof", host + " " + port, "--repl-diskless-sync-delay", "0"}, args...)...)
	}
	s.await("its replicas are connected", func() bool { return strings.Count(s.text("info", "replication"), "state=online") >= n }, "info", "replication")
	return replicas
}
