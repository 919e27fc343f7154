package redistest

import (
	"cmp"
	"context"
	_ "embed" // for servers.txt
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Flavor is the project of a Program.
type Flavor string

// The flavors, which begin the names of their programs.
const (
	Redis  Flavor = "redis"
	Valkey Flavor = "valkey"
)

// Program is a server's executable. Its methods start it.
type Program struct {
	// Name is flavor and minor version, such as "valkey-9.1".
	Name    string
	Flavor  Flavor
	Version string
	Path    string

	major, minor int
}

// AtLeast reports whether the program has a flavor, in a version or a newer one.
func (p Program) AtLeast(flavor Flavor, major, minor int) bool {
	return p.Flavor == flavor && slices.Compare([]int{p.major, p.minor}, []int{major, minor}) >= 0
}

// MigratesSlots reports whether the program moves slots atomically, as
// Cluster.MigrateSlots requires.
func (p Program) MigratesSlots() bool {
	return p.AtLeast(Redis, 8, 4) || p.AtLeast(Valkey, 9, 0)
}

// Default returns the program that the package's functions start: the
// redis-server on PATH, or else the oldest Redis of Programs. The variable
// REDISTEST_DEFAULT names another one of Programs, to try a package against it.
func Default(t testing.TB) Program {
	t.Helper()
	set := fetched()
	if set.err != nil {
		t.Fatal(set.err)
	}
	name := os.Getenv("REDISTEST_DEFAULT")
	if name == "" && set.onPath.Path != "" {
		return set.onPath
	}
	for _, p := range set.programs {
		if p.Name == cmp.Or(name, p.Name) {
			return p
		}
	}
	if name != "" {
		t.Fatalf("REDISTEST_DEFAULT names %s, which hack/servers.sh has not fetched", name)
	}
	t.Fatal("this test needs a real Redis and redis-server is not on PATH: install it, on Debian with apt-get install redis-server")
	return Program{}
}

// Programs returns every server that hack/servers.sh has fetched, or only the default
// program if it has fetched none. With REQUIRE_SERVERS=1, a missing one fails the test.
func Programs(t testing.TB) []Program {
	t.Helper()
	set := fetched()
	if set.err != nil {
		t.Fatal(set.err)
	}
	if len(set.missing) > 0 {
		report := t.Logf
		if os.Getenv("REQUIRE_SERVERS") == "1" {
			report = t.Fatalf
		}
		report("hack/servers.sh has not fetched %s", strings.Join(set.missing, ", "))
	}
	if len(set.programs) == 0 {
		return []Program{Default(t)}
	}
	return slices.Clone(set.programs)
}

// Each runs a test against each of Programs, as a subtest with its name, in parallel
// with all parallel tests, because they wait for servers more than they work.
func Each(t *testing.T, test func(t *testing.T, p Program)) {
	t.Helper()
	t.Parallel()
	for _, p := range Programs(t) {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			test(t, p)
		})
	}
}

// set is the programs that can be started.
type set struct {
	onPath   Program // zero if there is none
	programs []Program
	missing  []string // names
	err      error
}

//go:embed servers.txt
var table string

// fetched looks for the programs once, because each must run to report its version.
var fetched = sync.OnceValue(func() set {
	var s set
	if path, err := exec.LookPath("redis-server"); err == nil {
		s.onPath, s.err = inspect(path)
	}
	dir := serversDir()
	for row := range strings.Lines(table) {
		name, _, _ := strings.Cut(row, " ")
		flavor, _, _ := strings.Cut(name, "-")
		path := filepath.Join(dir, name, flavor+"-server")
		if _, err := os.Stat(path); dir == "" || err != nil {
			s.missing = append(s.missing, name)
			continue
		}
		p, err := inspect(path)
		if err == nil && p.Name != name {
			err = fmt.Errorf("%s is %s", path, p.Name)
		}
		s.programs, s.err = append(s.programs, p), cmp.Or(s.err, err)
	}
	return s
})

// serversDir returns where hack/servers.sh puts servers: below BIN_DIR, or else below
// bin in the root of the repository. It is empty if there are none.
func serversDir() string {
	if bin := os.Getenv("BIN_DIR"); bin != "" {
		return filepath.Join(bin, "servers")
	}
	dir, err := os.Getwd()
	for err == nil && dir != filepath.Dir(dir) {
		servers := filepath.Join(dir, "bin", "servers")
		if _, err := os.Stat(servers); err == nil {
			return servers
		}
		dir = filepath.Dir(dir)
	}
	return ""
}

var versionLine = regexp.MustCompile(`^(Redis|Valkey) server v=((\d+)\.(\d+)\.\S+) `)

// inspect asks an executable for its flavor and version.
func inspect(path string) (Program, error) {
	out, err := exec.CommandContext(context.Background(), path, "--version").CombinedOutput()
	if err != nil {
		return Program{}, fmt.Errorf("%s --version: %w: %s", path, err, out)
	}
	match := versionLine.FindStringSubmatch(string(out))
	if match == nil {
		return Program{}, fmt.Errorf("%s does not tell its version: %s", path, out)
	}
	p := Program{Flavor: Flavor(strings.ToLower(match[1])), Version: match[2], Path: path}
	p.major, _ = strconv.Atoi(match[3])
	p.minor, _ = strconv.Atoi(match[4])
	p.Name = fmt.Sprintf("%s-%d.%d", p.Flavor, p.major, p.minor)
	return p, nil
}
