package hostile

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9/logging"

	"github.com/redis-metrics/redis-metrics-adapter/hack/measure"
	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
)

var (
	duration = flag.Duration("duration", 2*time.Minute, "how long the attack lasts")
	only     = flag.String("only", "", "a part of the names of the attacks to run")
	servers  = flag.String("servers", "", "a part of the names of the tenant's servers to start")
)

const (
	// interval is that of an object that does not set one.
	interval = 5 * time.Second
	calm     = 10 * time.Second
)

func TestUnderAttack(t *testing.T) {
	memory := newMemoryGroup(t)
	logging.Disable() // go-redis logs each connection that ends
	w := newFixture(t, memory)
	team := newTeam(t, w)
	team.awaitKnown(t)
	asked := newAsker(team)
	stopAsking := verifier.Background(t.Context(), asked.run)
	verifier.Sleep(t.Context(), calm)
	did := &tally{}
	attacks := w.attacks(t, did)

	before, earlier := w.etcdState(t), w.spent()
	byTenant, stopWatching := w.watchTenant(t)
	began := time.Now()
	team.late.begin(began)
	fresh := newcomers{api: team.api, objects: w.redises.Namespace(healthyNamespace), address: team.address(0)}
	say("the attack begins and lasts for %s", *duration)
	lasting, cancel := context.WithTimeout(t.Context(), *duration)
	defer cancel()
	stopAttacks := verifier.Background(lasting, append(attacks, fresh.run, func(ctx context.Context) { w.progress(ctx, before) })...)
	<-lasting.Done()
	stopAttacks()
	ended, spent := time.Now(), w.spent().since(earlier)
	after := w.etcdState(t)
	stopAsking()
	stopWatching()
	verifier.Sleep(t.Context(), loadKnown)

	var figures measure.Table
	asked.figures(&figures, began)
	team.late.figures(&figures, ended)
	fresh.figures(&figures)
	memory.figures(t, &figures, w)
	spent.figures(&figures, ended.Sub(began))
	after.figures(&figures, before, byTenant.bytes)
	figures.Print(os.Stdout, "beside the attack")
	attacked := did.table()
	attacked.Print(os.Stdout, "the attack")
	for _, missed := range slices.Concat(figures.Missed(), attacked.Missed(), did.wrong) {
		t.Error(missed)
	}
	if err := w.Err(); err != nil {
		t.Error(err)
	}
	if t.Failed() {
		t.Logf("the end of the adapter's log:\n%s", w.adapter.LogTail(40))
	}
}

func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format("15:04:05 ")+format+"\n", args...)
}
