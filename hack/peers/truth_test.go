package peers

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redis-metrics/redis-metrics-adapter/hack/faults"
	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

const (
	// What one replica is for under faults.
	jobsUnderFaults, loadUnderFaults = 500, 50
	// holding is how long a fault lasts that does not end by itself: longer than the tolerance.
	holding = tolerance + 10*time.Second
	// restarting is how long a program of a peer is gone, about as long as a container that is restarted.
	restarting = 10 * time.Second
	// recovering bounds what is waited for after a repair.
	recovering = time.Minute
)

// Faults whose effect is not that of their scope.
const (
	slow     = "replies are later than the timeout"
	reset    = "statistics are reset"
	password = "the server requires a password"
)

// underFaults is a run of one peer under all faults.
type underFaults struct {
	peer     peer
	plane    *plane
	replicas *replicaLog
	result   *Result
	fronts   []*front
	mu       sync.Mutex // held while rows are added
}

// front is a source with its load, what is known of it, and the faults that happen to it in turn.
type front struct {
	*judge
	subject   faults.Subject
	workloads []workload
	faults    []faults.Fault
	// growing is held while the list grows, and while it must not.
	growing sync.Mutex
}

// measureTruth compares what a peer serves under faults with what was sent. Those of different sources happen side by side.
func measureTruth(b *testing.B, p peer, result *Result) {
	u := &underFaults{peer: p, plane: newPlane(b, p, result), result: result}
	for _, each := range []struct {
		make  func(*testing.B) (source, faults.Subject)
		name  string
		names []string // of faults
	}{
		{networkSource, "network-1", []string{"the network forwards nothing in either direction"}},
		{networkSource, "network-2", []string{slow}},
		{serverSource, "server-1", []string{"the server is killed, and restarted later"}},
		{serverSource, "server-2", []string{"the server is suspended"}},
		{serverSource, "server-3", []string{password}},
		{serverSource, "server-4", []string{"the server is killed, and restarted at once", reset}},
		{sentinelSource, "sentinel", []string{"the primary is killed, the sentinels fail over"}},
		{clusterSource, "cluster", []string{"a shard is killed, and restarted later"}},
	} {
		if slices.ContainsFunc(each.names, picked) {
			where, subject := each.make(b)
			where.name = each.name
			u.add(b, where, subject, each.names)
		}
	}
	u.replicas = logReplicas(b, u.plane)
	ctx, cancel := context.WithCancel(b.Context())
	var running sync.WaitGroup
	var all []workload
	for _, f := range u.fronts {
		all = append(all, f.workloads...)
		running.Go(func() { f.noteRates(ctx) })
		running.Go(func() {
			verifier.Paced(ctx, time.Second, func(int) {
				f.growing.Lock()
				defer f.growing.Unlock()
				_, _ = f.subject.Load.Step(ctx) // it repeats what fails until ctx ends
			})
		})
	}
	p.watch(b, all)
	u.plane.awaitValues(b, p, all)
	for _, f := range u.fronts {
		for _, w := range f.workloads {
			running.Go(func() { f.poll(ctx, u.plane, p, w) })
		}
	}
	err := u.injectAll(ctx)
	cancel()
	running.Wait()
	if err := errors.Join(err, u.plane.Err()); err != nil {
		b.Fatal(err)
	}
}

// injectAll injects nothing at first, until rates are of windows that are whole, then the faults of all sources, and then
// kills the programs of the peer one after the other.
func (u *underFaults) injectAll(ctx context.Context) error {
	verifier.Sleep(ctx, u.peer.window(recommended))
	calm := func(_ context.Context, hold func()) error {
		hold()
		return nil
	}
	if err := u.run(ctx, "none", fault{inject: calm, lasts: holding}, u.fronts...); err != nil {
		return err
	}
	errs := make([]error, len(u.fronts))
	var running sync.WaitGroup
	for i, f := range u.fronts {
		running.Go(func() {
			for _, row := range f.faults {
				errs[i] = errors.Join(errs[i], u.run(ctx, row.Name, f.effect(row), f))
			}
		})
	}
	running.Wait()
	for _, program := range u.plane.programs {
		name := program.name + " is killed, and restarted"
		if !picked(name) {
			continue
		}
		killed := fault{lasts: restarting, inject: func(ctx context.Context, hold func()) error {
			if err := program.Signal(syscall.SIGKILL); err != nil {
				return err
			}
			hold()
			return program.Restart(ctx)
		}}
		errs = append(errs, u.run(ctx, name, killed, u.fronts...))
	}
	return errors.Join(errs...)
}

// fault is what happens to some sources, or to a program of the peer.
type fault struct {
	inject func(ctx context.Context, hold func()) error
	lasts  time.Duration
	// cuts means that nothing can be read from Redis meanwhile. still means that the list does not grow meanwhile, because
	// what is written may be lost or executed later.
	cuts, still bool
	// drops means that there are no requests meanwhile.
	drops bool
}

// effect returns what a row of the table of faults does to a source.
func (f *front) effect(row faults.Fault) fault {
	network := row.Scope == faults.Network
	e := fault{
		cuts:  row.Levels == verifier.Holds && row.Scope != faults.Cluster && row.Name != slow,
		still: !network && row.Name != reset,
		drops: !network && row.Name != reset && row.Name != password,
		inject: func(ctx context.Context, hold func()) error {
			return row.Inject(ctx, &f.subject, hold)
		},
	}
	if !row.Brief {
		e.lasts = holding
	}
	return e
}

// run injects a fault at some sources, and adds a row for each setting.
func (u *underFaults) run(ctx context.Context, name string, injected fault, at ...*front) error {
	if injected.still {
		for _, f := range at {
			f.growing.Lock()
		}
	}
	began := time.Now()
	var cut verifier.Span
	err := injected.inject(ctx, func() {
		from := time.Now()
		verifier.Sleep(ctx, injected.lasts)
		if injected.cuts {
			cut = verifier.Span{From: from, To: time.Now()}
		}
	})
	repaired := time.Now()
	if injected.still {
		for _, f := range at {
			f.growing.Unlock()
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	known := map[setting]time.Duration{}
	for _, f := range at {
		for _, w := range f.workloads {
			known[w.setting] = max(known[w.setting], f.awaitKnown(ctx, w, repaired))
		}
	}
	span := verifier.Span{From: began, To: time.Now()}
	verifier.Sleep(ctx, settling+2*polling)
	for _, s := range []setting{recommended, fastest} {
		var values, wrong, failed, lost int
		var age time.Duration
		for _, f := range at {
			for _, w := range f.workloads {
				if w.setting != s {
					continue
				}
				for _, o := range f.within(w, span) {
					if o.err != nil {
						failed++
						continue
					}
					values++
					if o.wrong {
						wrong++
					}
					if o.asked.After(cut.From) && o.asked.Before(cut.To) {
						o.age = max(o.age, o.asked.Sub(cut.From))
					}
					age = max(age, o.age)
				}
				if w.metric == jobs || !injected.drops {
					if removed := u.replicas.lost(w.name(), span.From, span.To); removed > 0 {
						say("  %s lost %d replicas: %s", w.name(), removed, name)
						lost += removed
					}
				}
			}
		}
		u.mu.Lock()
		added := u.result.add(truthTable, name, string(s), u.peer)
		added.Add("Values", float64(values), "")
		added.count("Wrong", wrong)
		added.Add("Errors", float64(failed), "")
		added.Add("Oldest", age.Seconds(), "s")
		added.count("Replicas lost", lost)
		again := added.Add("Known again after", known[s].Seconds(), "s")
		if known[s] >= recovering {
			again.Bound = ">="
		}
		u.mu.Unlock()
		say("  %s, %s: %d values, %d wrong, %d errors, the oldest %.0f s, %d replicas lost, known again after %.1f s", name, s,
			values, wrong, failed, age.Seconds(), lost, known[s].Seconds())
	}
	return ctx.Err()
}

// awaitKnown waits until a metric is known again, and returns how long after the repair that is; recovering, if it is not.
func (f *front) awaitKnown(ctx context.Context, w workload, repaired time.Time) (after time.Duration) {
	ctx, cancel := context.WithDeadline(ctx, repaired.Add(recovering+settling))
	defer cancel()
	after = recovering
	_ = until(ctx, polling, func() bool { // after says that it took too long
		found, known := f.knownAfter(w, repaired)
		if known {
			after = min(found, recovering)
		}
		return known
	})
	return after
}

// picked reports whether a fault is to be injected.
func picked(name string) bool {
	matches, err := regexp.MatchString(*rows, name)
	return err != nil || matches
}

// add adds a source that suffers the faults of some names.
func (u *underFaults) add(b *testing.B, where source, subject faults.Subject, names []string) {
	b.Helper()
	subject.Verifier, subject.Object = verifier.New(verifier.Defaults()), where.name
	b.Cleanup(verifier.Background(b.Context(), subject.Load.Run))
	if err := subject.Load.Fill(b.Context(), faults.Base); err != nil {
		b.Fatal(err)
	}
	f := &front{judge: newJudge(subject.Load.Truth()), subject: subject}
	for _, s := range []setting{recommended, fastest} {
		seen := where
		seen.name += "-" + string(s)
		for _, m := range u.peer.metrics() {
			w := seen.workload(m, s)
			w.target = map[metric]int{requests: loadUnderFaults, jobs: jobsUnderFaults}[m]
			// What prometheus-adapter sums of several nodes includes what replicas execute.
			if m == jobs || where.kind == standalone {
				f.workloads = append(f.workloads, w)
			}
		}
	}
	f.faults = slices.DeleteFunc(faults.All(), func(row faults.Fault) bool { return !slices.Contains(names, row.Name) })
	if len(f.faults) != len(names) {
		b.Fatalf("there are %d faults of the names %q", len(f.faults), names)
	}
	f.faults = slices.DeleteFunc(f.faults, func(row faults.Fault) bool { return !picked(row.Name) })
	u.fronts = append(u.fronts, f)
}

func serverSource(b *testing.B) (source, faults.Subject) {
	b.Helper()
	server := redistest.New(b, faults.Arguments()...)
	load := verifier.NewLoad(redis.NewClient(faults.OperatorOptions(server.Addr)), &verifier.Truth{})
	return standaloneAt("", server.Addr), faults.Subject{Server: server, Load: load}
}

func networkSource(b *testing.B) (source, faults.Subject) {
	b.Helper()
	_, subject := serverSource(b)
	link, err := faults.NewLink(subject.Server.Addr)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(link.Close)
	subject.Link = link
	return standaloneAt("", link.Address()), subject
}

func sentinelSource(b *testing.B) (source, faults.Subject) {
	b.Helper()
	first := redistest.New(b, append(faults.Persistent(), "--repl-diskless-sync-delay", "0")...)
	servers := append([]*redistest.Server{first}, first.Replicas(1, faults.Persistent()...)...)
	sentinels := redistest.NewSentinels(b, 3, masterName, first, 1)
	where := source{kind: sentinel, addresses: addresses(sentinels.Nodes), nodes: addresses(servers)}
	load := verifier.NewLoad(redis.NewFailoverClient(verifier.FailoverOptions(masterName, where.addresses)), &verifier.Truth{})
	return where, faults.Subject{Sentinels: sentinels, MasterName: masterName, Primaries: servers, Load: load}
}

func clusterSource(b *testing.B) (source, faults.Subject) {
	b.Helper()
	nodes := redistest.NewCluster(b, 3, 1, faults.ClusterArguments()...)
	where := source{kind: sharded, addresses: addresses(nodes.Nodes), nodes: addresses(nodes.Nodes)}
	load := verifier.NewLoad(redis.NewClusterClient(verifier.ClusterOptions(where.addresses)), &verifier.Truth{})
	return where, faults.Subject{Cluster: nodes, Load: load}
}

func addresses(servers []*redistest.Server) []string {
	all := make([]string, len(servers))
	for i, server := range servers {
		all[i] = server.Addr
	}
	return all
}
