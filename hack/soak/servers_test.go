package soak

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9/logging"
	"github.com/rs/zerolog"

	"github.com/redis-metrics/redis-metrics-adapter/hack/faults"
	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

const (
	inProcessPollInterval = 10 * time.Millisecond
	inProcessWantedValues = 2_000
)

// varies reports whether a fault affects servers of one version in another way than those of others.
func varies(fault faults.Fault) bool {
	switch fault.Scope {
	case faults.Replicas, faults.Replica, faults.ReportedInfo:
		return true
	}
	return fault.Needs != nil
}

// TestServers checks all that is expected of answers for each server, without a control plane: in calm times, and under
// the faults that are not the same for each of them.
func TestServers(t *testing.T) {
	logging.Disable()
	zerolog.SetGlobalLevel(zerolog.Disabled)
	redistest.Each(t, func(t *testing.T, program redistest.Program) {
		if *servers != "" && *servers != "each" && *servers != program.Name {
			return
		}
		w := &fixture{verifier: verifier.New(policy()), programs: []redistest.Program{program}}
		w.servers(t, "server-1")
		w.sentinel(t, program)
		w.cluster(t, program)
		w.replicated(t)
		w.reportedInfo(t)
		stop := w.openInProcess(t)
		w.calm(t)
		w.calm(t)
		w.faultsOfServers(t)
		stop()
		report := w.verifier.Close()
		say("%s: %s\n%s", program.Name, report, report.Table())
		for _, each := range report.Wrong {
			t.Error(each)
		}
		for _, question := range w.verifier.NeverKnown() {
			t.Errorf("%s was never known: it proves nothing", question)
		}
		if report.Violations > 0 || *only == "" && report.Checked < inProcessWantedValues {
			t.Errorf("%d violations in %d values, want 0 in %d at least", report.Violations, report.Checked, inProcessWantedValues)
		}
	})
}

// openInProcess samples all objects in this process, and asks for their metrics until the returned function is called.
func (w *fixture) openInProcess(t *testing.T) (stop func()) {
	t.Helper()
	warm := w.verifier.Begin(verifier.WarmUp, verifier.Effect{Levels: verifier.Renews, Rates: verifier.Renews, Within: 4 * policy().Interval})
	warm.Lasts()
	specs := map[string]map[string]any{}
	for _, one := range w.lanes {
		spec := common(w.verifier.Policy())
		maps.Copy(spec, one.where)
		specs[one.Object] = spec
		now := time.Now()
		w.verifier.Bind(one.Object, verifier.Span{From: now, To: now}, one.Load.Truth())
	}
	poller := verifier.NewPoller(w.verifier, newInProcess(t, specs))
	warm.Lifts()
	warm.Repaired()
	all := []func(context.Context){w.bystander(t)}
	for _, one := range w.lanes {
		all = append(all, func(ctx context.Context) {
			poller.Ask(ctx, one.Object, inProcessPollInterval, verifier.RequestsPerSecond, verifier.Keys)
		})
	}
	return verifier.Background(t.Context(), all...)
}

// faultsOfServers injects each fault that can affect the objects, those of one object side by side with those of others.
func (w *fixture) faultsOfServers(t *testing.T) {
	t.Helper()
	order := rand.New(rand.NewPCG(*seed, 0))
	var running sync.WaitGroup
	for n, deck := range w.deal(order) {
		deck = slices.DeleteFunc(deck, func(fault faults.Fault) bool { return !varies(fault) && *only == "" })
		running.Go(func() { w.prove(t, deck, w.lanes[n].Subject, w.lanes[n]) })
	}
	running.Wait()
}

func chosen(t *testing.T) []redistest.Program {
	t.Helper()
	var found []redistest.Program
	for _, program := range redistest.Programs(t) {
		if *servers == "" && (len(found) == 0 || program.MigratesSlots() && len(found) == 1 && program.Flavor != found[0].Flavor) ||
			slices.Contains(strings.Split(*servers, ","), program.Name) {
			found = append(found, program)
		}
	}
	if len(found) == 0 {
		t.Fatalf("no server is named %s", *servers)
	}
	return found
}
