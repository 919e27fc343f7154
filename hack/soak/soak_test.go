package soak

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/redis/go-redis/v9/logging"
	"github.com/rs/zerolog"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/redis-metrics/redis-metrics-adapter/hack/backend"
	"github.com/redis-metrics/redis-metrics-adapter/hack/faults"
	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

var (
	duration = flag.Duration("duration", 0, "how long rounds of faults follow each other; 0 is one round of each fault")
	seed     = flag.Uint64("seed", 0, "the order of the faults; 0 takes the time")
	servers  = flag.String("server", "", "the servers, such as valkey-9.1, or some joined by commas; each takes all of them one after the other")
	only     = flag.String("only", "", "parts of the names of the faults to inject, or scopes of them, between |")
)

const (
	// asked is how often each object is asked, which tells the reason of an error. Listed is how often all of them are by
	// each of some askers, which gives the most values for the work of the API server.
	asked, listed, askers = 300 * time.Millisecond, 40 * time.Millisecond, 2
	// revised is how often each replica is asked for the revision of an object, and compared how often both are asked for
	// the same metric.
	revised, compared = 50 * time.Millisecond, 100 * time.Millisecond
	// wantedValues is how many values a whole round checks at least, wantedPairs how many of two replicas it compares with
	// each other, and wantedFaults how many kinds of fault it injects where the adapters have a clock and host names of
	// their own.
	wantedValues, wantedPairs, wantedFaults = 60_000, 2_000, 80
	// planeFaults is how many faults of the control plane and the adapter a run without -duration has. They come one by one.
	planeFaults = 14
	// longRun is the shortest run that has faults which last for minutes.
	longRun = 30 * time.Minute
	// working is granted to the autoscaler beyond two looks, for its own work.
	working = 1500 * time.Millisecond
	// tries bounds how often a fault is injected because this machine stood still, or the autoscaler was late.
	tries = 3
	// longest bounds one fault with its repair and all that is waited for after it.
	longest = 4 * time.Minute
)

// TestMain is also how the other adapter is started.
func TestMain(m *testing.M) {
	if backend.Started() {
		fmt.Fprintln(os.Stderr, backend.Serve())
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// TestSoak injects each fault and compares all that is served meanwhile with the truth, for an old server and for one
// that moves slots atomically, unless a flag names others.
func TestSoak(t *testing.T) {
	if *servers == "each" {
		for _, program := range redistest.Programs(t) { // one after the other
			t.Run(program.Name, func(t *testing.T) { soak(t, program) })
		}
		return
	}
	soak(t, chosen(t)...)
}

func soak(t *testing.T, programs ...redistest.Program) {
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	// go-redis and the proxy log each connection that a fault ends.
	logging.Disable()
	zerolog.SetGlobalLevel(zerolog.Disabled)
	say("%d servers from %s; seed %d: repeat this order with -seed=%d", len(programs), programs[0].Name, *seed, *seed)
	w := newFixture(t, programs)
	w.pick()
	w.open(t)
	stop := w.observe(t)
	began := time.Now()
	for round := uint64(0); round == 0 || time.Since(began) < *duration; round++ {
		w.round(t, rand.New(rand.NewPCG(*seed, round)))
		w.end = began.Add(*duration)
		say("round %d done after %s: %s", round+1, time.Since(began).Round(time.Second), w.verifier.Report())
	}
	w.calm(t)
	for *only == "" && w.verifier.Report().Checked < wantedValues && !t.Failed() && t.Context().Err() == nil {
		w.calm(t) // a slow machine checks fewer values in a round
	}
	stop()
	w.report(t)
}

func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format("15:04:05 ")+format+"\n", args...)
}

// observe asks for the metrics of all objects, and looks at replicas and at the clock, until the returned function is called.
func (w *fixture) observe(t *testing.T) (stop func()) {
	t.Helper()
	api, err := verifier.NewAPI(verifier.AsAutoscaler(w.plane.Config()), w.namespace)
	if err != nil {
		t.Fatal(err)
	}
	poller := verifier.NewPoller(w.verifier, api)
	names := []string{faults.Recreated}
	for _, one := range w.lanes {
		names = append(names, one.Object)
	}
	all := []func(context.Context){w.bystander(t), w.scaled.watch}
	for part := range askers {
		all = append(all, func(ctx context.Context) { poller.AskAll(ctx, api, listed, part, askers) })
	}
	for _, name := range names {
		all = append(all, func(ctx context.Context) {
			poller.Ask(ctx, name, asked, verifier.RequestsPerSecond, verifier.Keys, verifier.Clock, verifier.Backlog, verifier.Lag)
		})
	}
	return verifier.Background(t.Context(), append(all, w.observeReplicas(t, poller)...)...)
}

// observeReplicas asks each replica of the adapter itself, so that it is known whose an answer is.
func (w *fixture) observeReplicas(t *testing.T, routed *verifier.Poller) (all []func(context.Context)) {
	t.Helper()
	revision := verifier.Revisions().Metric
	replicas := map[string]*verifier.API{}
	for n, adapter := range w.adapters {
		api, err := verifier.NewAPI(adapter.Config("verifier", user.SystemPrivilegedGroup), w.namespace)
		if err != nil {
			t.Fatal(err)
		}
		name := faults.ReplicaName(n)
		replicas[name] = api
		poller := verifier.NewReplicaPoller(w.verifier, api, name)
		all = append(all, func(ctx context.Context) { poller.Ask(ctx, faults.Revised, revised, revision) })
	}
	return append(all,
		func(ctx context.Context) { routed.Ask(ctx, faults.Revised, asked, revision) },
		func(ctx context.Context) { routed.AskReplicas(ctx, replicas, compared) })
}

// bystander watches this machine by a server that does nothing else. It writes to its disk before each
// answer, as the servers that faults affect do.
func (w *fixture) bystander(t *testing.T) func(context.Context) {
	t.Helper()
	client := redistest.New(t, faults.Persistent()...).Client()
	return func(ctx context.Context) {
		w.verifier.Watch(ctx, func(ctx context.Context) error { return client.Incr(ctx, "looks").Err() })
	}
}

func (w *fixture) complain() {
	w.saying.Lock()
	defer w.saying.Unlock()
	wrong := w.verifier.Report().Wrong
	for _, one := range wrong[w.said:] {
		say("violation: %s", one)
	}
	w.said = len(wrong)
}

// calm lets nothing happen for a while, in which all must be known.
func (w *fixture) calm(t *testing.T) {
	t.Helper()
	verifier.Sleep(t.Context(), 4*w.verifier.Policy().Interval)
}

// report says what was found, and fails for each violation. The logs come first: of a long output often the end alone is
// kept, and that has to say what is wrong.
func (w *fixture) report(t *testing.T) {
	t.Helper()
	report := w.verifier.Close()
	say("%s\n%s%d looks at replicas", report, report.Table(), w.scaled.looks)
	wrong := report.Wrong
	if report.Violations > 0 {
		wrong = append(wrong, fmt.Sprintf("%d violations; the seed is %d", report.Violations, *seed))
	}
	if *only == "" {
		wrong = append(wrong, w.idle(report)...)
	}
	if err := w.plane.Err(); err != nil {
		wrong = append(wrong, err.Error())
	}
	if t.Failed() || len(wrong) > 0 {
		w.logs(t)
	}
	for _, each := range wrong {
		t.Error(each)
	}
}

// idle says what keeps a whole round from having been one: too little was checked, or a fault did nothing.
func (w *fixture) idle(report verifier.Report) (wrong []string) {
	if report.Checked < wantedValues {
		wrong = append(wrong, fmt.Sprintf("%d values were checked, want %d", report.Checked, wantedValues))
	}
	if report.Pairs < wantedPairs {
		wrong = append(wrong, fmt.Sprintf("%d values of two replicas were compared, want %d", report.Pairs, wantedPairs))
	}
	if kinds := report.Kinds(); w.own != nil && kinds < wantedFaults {
		wrong = append(wrong, fmt.Sprintf("%d kinds of fault were injected, want %d", kinds, wantedFaults))
	}
	for _, question := range w.verifier.NeverKnown() {
		wrong = append(wrong, question+" was never known: it proves nothing")
	}
	for _, fault := range w.matrix() {
		counts := report.Faults[fault.Name]
		unknown := fault.Levels == verifier.Holds || fault.Levels == verifier.Refuses
		if counts.Values == 0 || unknown && counts.Errors == 0 {
			wrong = append(wrong, fmt.Sprintf("under the fault %q there were %d values and %d errors: it did nothing", fault.Name, counts.Values, counts.Errors))
		}
	}
	return wrong
}
