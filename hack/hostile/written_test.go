package hostile

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// mostGrowth is by how much etcd may grow beyond what the tenant wrote itself, which no adapter can keep it from.
const mostGrowth = 10_000_000

// written is how large etcd is, and how often the API server was asked to write.
type written struct {
	size     float64
	requests scrape
}

func (w *world) written(t *testing.T) written {
	t.Helper()
	size, err := w.etcdSize(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	of, err := w.scrapeAPIServer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return written{size, of}
}

// etcdSize returns how many bytes etcd has in use, revisions that are not compacted yet among them.
func (w *world) etcdSize(ctx context.Context) (float64, error) {
	const name = "etcd_mvcc_db_total_size_in_use_in_bytes"
	of, err := w.scrapeEtcd(ctx)
	if err == nil && of[name] == nil {
		err = fmt.Errorf("etcd has no metric %s", name)
	}
	return of.sum(name, nil), err
}

// times is how often a resource was written, or refused. A subresource stands after a slash.
func (w written) times(resource string, refused bool, verbs ...string) float64 {
	resource, subresource, _ := strings.Cut(resource, "/")
	return w.requests.sum("apiserver_request_total", func(labels map[string]string) bool {
		for _, verb := range verbs {
			if labels["resource"] == resource && labels["subresource"] == subresource && labels["verb"] == verb && labels["dry_run"] == "" {
				return refused != strings.HasPrefix(labels["code"], "2")
			}
		}
		return false
	})
}

// figures adds by how much etcd grew, and who wrote what.
func (w written) figures(figures *table, before written, sizes sizes) {
	const mega = 1e6
	figures.report("etcd before", before.size/mega, "MB")
	figures.report("etcd after", w.size/mega, "MB")
	figures.report("etcd, growth", (w.size-before.size)/mega, "MB")
	figures.below("etcd, growth beyond what the tenant wrote", (w.size-before.size-sizes[byTenant])/mega, "MB", mostGrowth/mega)
	for _, who := range []string{byTenant, byTeam, byAdapter, byAdapterEvents, byHPAs, byHPAEvents, byOthers} {
		figures.report("written to etcd, about: "+who, sizes[who]/mega, "MB")
	}
	all := []string{"POST", "PUT", "PATCH", "APPLY", "DELETE"}
	for _, resource := range []string{"redises", "redises/status", "events", "horizontalpodautoscalers", "horizontalpodautoscalers/status"} {
		figures.report("writes of "+resource, w.times(resource, false, all...)-before.times(resource, false, all...), "")
	}
	figures.report("writes of redises that were refused", w.times("redises", true, all...)-before.times("redises", true, all...), "")
}

// compacted adds what etcd holds without the revisions before the newest.
func (w *world) compacted(t *testing.T, figures *table) {
	t.Helper()
	var found struct{ Header struct{ Revision string } }
	err := w.askEtcd(t.Context(), "range", `{"key": "AA=="}`, &found)
	if err == nil {
		err = w.askEtcd(t.Context(), "compaction", fmt.Sprintf(`{"revision": %q, "physical": true}`, found.Header.Revision), &struct{}{})
	}
	if err != nil {
		t.Error(err)
		return
	}
	sleep(t.Context(), time.Second) // it commits in between
	size, err := w.etcdSize(t.Context())
	if err != nil {
		t.Error(err)
	}
	figures.report("etcd once it is compacted", size/1e6, "MB")
}

// progressEvery is how often it is said how the attack goes.
const progressEvery = 30 * time.Second

// progress says how much memory the adapter takes, and by how much etcd grew.
func (w *world) progress(ctx context.Context, before written) {
	paced(ctx, progressEvery, func(int) {
		size, err := w.etcdSize(ctx)
		if err != nil {
			return
		}
		status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", w.adapter.PID()))
		resident, _ := numberAfter(string(status), "VmRSS:")
		say("the adapter takes %.0f MiB, etcd grew by %.1f MB", resident/1024, (size-before.size)/1e6)
	})
}
