package redistest

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// downAfter is after how many milliseconds sentinels consider a server that does not
// answer failed.
const downAfter = "1000"

// Sentinels are Redis Sentinels that watch one primary.
type Sentinels struct {
	Nodes []*Server
	name  string
	t     testing.TB
}

// NewSentinels starts sentinels of the primary's program, and waits until each knows
// the others and as many replicas. More than half of them decide on a failover.
// Each sentinel gets the arguments.
func NewSentinels(t testing.TB, n int, name string, primary *Server, replicas int, args ...string) *Sentinels {
	t.Helper()
	host, port := primary.link()
	all := &Sentinels{name: name, t: t}
	for range n {
		conf := filepath.Join(t.TempDir(), "sentinel.conf")
		lines := []string{
			"sentinel monitor " + name + " " + host + " " + port + " " + strconv.Itoa(n/2+1),
			"sentinel down-after-milliseconds " + name + " " + downAfter,
			"sentinel failover-timeout " + name + " 10000",
		}
		if primary.Password != "" {
			lines = append(lines, "sentinel auth-pass "+name+" "+primary.Password)
		}
		if err := os.WriteFile(conf, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		all.Nodes = append(all.Nodes, primary.Program.launch(t, append([]string{conf, "--sentinel"}, args...)...))
	}
	for _, sentinel := range all.Nodes {
		sentinel.await("it knows the others", func() bool {
			return strings.Contains(sentinel.text("info", "sentinel"), ",slaves="+strconv.Itoa(replicas)+",sentinels="+strconv.Itoa(n))
		}, "info", "sentinel")
	}
	return all
}

// AwaitPrimary waits until most sentinels name another primary than the server.
func (s *Sentinels) AwaitPrimary(other *Server) string {
	s.t.Helper()
	before := net.JoinHostPort(other.link())
	promoted := ""
	s.Nodes[0].await("there was a failover", func() bool {
		votes := map[string]int{}
		for _, sentinel := range s.Nodes {
			pair, err := sentinel.Client().Do(s.t.Context(), "sentinel", "get-master-addr-by-name", s.name).StringSlice()
			if err == nil && len(pair) == 2 {
				votes[net.JoinHostPort(pair[0], pair[1])]++
			}
		}
		for addr, n := range votes {
			if addr != before && 2*n > len(s.Nodes) {
				promoted = addr
			}
		}
		return promoted != ""
	}, "info", "sentinel")
	return promoted
}
