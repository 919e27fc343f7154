package soak

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/hack/backend"
	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/hack/faults"
	"github.com/redis-metrics/redis-metrics-adapter/hack/launcher"
	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
)

// named is the host name that the adapters look up in what is their own.
const named = "named.test"

// own is what the adapters have of their own, and the machine does not feel: a clock each, and host names.
type own struct {
	hosts  [2]*launcher.Hosts
	clocks [2]*launcher.Clock
	lines  [2][]string
}

// newOwn is nil where there can be nothing of the kind, and says that the rows that need it are left out.
func newOwn(t *testing.T) *own {
	t.Helper()
	if err := launcher.LeftOut(); err != nil {
		say("the faults of the adapter's clock, of host names and of another adapter were left out: %v", err)
		return nil
	}
	dir := t.TempDir()
	o := &own{}
	program, err := filepath.Abs(filepath.Join(os.Getenv("BIN_DIR"), "launcher"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(program); err != nil {
		t.Fatalf("the launcher is missing, run \"make soak\" or \"make test-e2e\": %v", err)
	}
	for n := range o.lines {
		path, hosts := filepath.Join(dir, fmt.Sprint("clock-", n)), filepath.Join(dir, fmt.Sprint("hosts-", n))
		if o.hosts[n], err = launcher.NewHosts(hosts, named, backend.Host); err != nil {
			t.Fatal(err)
		}
		if o.clocks[n], err = launcher.NewClock(path); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = o.clocks[n].Close() })
		o.lines[n] = launcher.Options{Clock: path, Hosts: hosts}.Command(program)
	}
	return o
}

// clock returns the clock of the first adapter.
func (o *own) clock() *launcher.Clock {
	if o == nil {
		return nil
	}
	return o.clocks[0]
}

// options are what an adapter is started with: where it knows the other adapter's
// name, it delegates to it.
func (w *fixture) options(adapter int) cluster.AdapterOptions {
	options := cluster.AdapterOptions{Name: faults.ReplicaName(adapter), Standby: adapter > 0, APIServer: w.proxies[adapter].Address()}
	if w.own == nil {
		return options
	}
	options.Launcher, options.ExtraArgs = w.own.lines[adapter], w.backend.Arguments()
	options.Manifests = filepath.Join("..", "..", "deploy", "delegate")
	return options
}

// startBackend starts the other adapter.
func (w *fixture) startBackend(t *testing.T) {
	t.Helper()
	if w.own == nil {
		return
	}
	var err error
	if w.backend, err = backend.Start(t.Context(), w.plane); err != nil {
		t.Fatal(err)
	}
}

// delegating is an object whose adapter delegates to one that fails.
func (w *fixture) delegating(t *testing.T) {
	t.Helper()
	if w.own == nil {
		return
	}
	server, load := w.standalone(t, w.next())
	w.lane(t, "delegate", faults.Delegate, verifier.Standalone, server, faults.At(server.Addr), faults.Subject{
		Server: server, Load: load, Backend: w.backend, Plane: w.plane,
	})
}

// matrix is all faults that can be injected here, into one of these servers.
func (w *fixture) matrix() []faults.Fault {
	var all []faults.Fault
	for _, fault := range faults.All() {
		if slices.Contains(w.leftOut, fault.Name) {
			continue
		}
		has := func(one *lane) bool { return one.can(fault) }
		if (w.own != nil || !fault.Launched()) &&
			(fault.Lasts == 0 || *duration >= longRun || *only != "") && (fault.Scope == faults.Plane || slices.ContainsFunc(w.lanes, has)) {
			all = append(all, fault)
		}
	}
	return all
}

func (l *lane) can(fault faults.Fault) bool {
	return fault.Scope == l.scope && (fault.Needs == nil || fault.Needs(l.program))
}

// named is an object whose server has a name, and at the name's other address, with the same port, is another server.
func (w *fixture) named(t *testing.T) {
	t.Helper()
	if w.own == nil {
		return
	}
	server, load := w.standalone(t, w.next())
	spare, other := w.spare(t, server)
	near := w.link(t, server)
	_, port, err := net.SplitHostPort(near.Address())
	if err != nil {
		t.Fatal(err)
	}
	far, err := faults.NewLinkAt(net.JoinHostPort("127.0.0.2", port), spare.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(far.Close)
	w.lane(t, "named", faults.Name, verifier.Standalone, server, faults.At(net.JoinHostPort(named, port)), faults.Subject{
		Server: server, Load: load, Spare: other, SpareAddress: spare.Addr, Hosts: w.own.hosts,
	})
}
