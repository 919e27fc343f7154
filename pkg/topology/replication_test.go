package topology

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/poller"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/samplertest"
)

// TestReplicaThatLeavesTheList checks that a sum includes all replicas while the primary
// no longer lists one of them.
func TestReplicaThatLeavesTheList(t *testing.T) { redistest.Each(t, testReplicaThatLeavesTheList) }

func testReplicaThatLeavesTheList(t *testing.T, p redistest.Program) {
	primary := p.New(t)
	replicas := primary.Replicas(2)
	tgt := samplertest.TargetAt("standalone", primary.Addr)
	tgt.Replicas = true
	s := surveying(t, tgt)
	s.sample()

	replicas[1].Do("replicaof", "127.0.0.1", "1") // where nobody listens
	samplertest.Poll(t, "the primary lists the other replica alone", func() bool {
		listed, err := replicasOf(s.sample().Nodes[0].Info)
		return err == nil && slices.Equal(listed, []string{replicas[0].Addr})
	})
	samplertest.Work(t, replicas[0], 30, 0)
	samplertest.Work(t, replicas[1], 12, 0)
	s.sample()
	s.counts("role=replica,command=exists", 42)
	s.counts("role in (primary,replica),command=exists", 42)
	if got, err := s.metric("keys", "role=replica"); err == nil {
		t.Errorf("%v keys of replicas, one of which does not hear from its primary", got)
	}

	replicas[1].Do("replicaof", "no", "one")
	s.sample()
	for _, selector := range []string{"role=replica", "role in (primary,replica)"} {
		if got, err := s.value(selector); err == nil {
			t.Errorf("%v requests a second of %s, one of which has just left", got, selector)
		}
	}
	tgt.MaxAge = 0
	s.sample()
	if _, err := s.value("role=replica"); err != nil {
		t.Errorf("the requests of replicas are unknown long after one was promoted: %v", err)
	}
	s.sample()
	if n := len(s.nodes.pollers); n != 2 {
		t.Errorf("%d nodes are kept, want 2", n)
	}
}

// TestReplicasAreLostForMaxAge changes what a primary lists, attempt by attempt.
func TestReplicasAreLostForMaxAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tgt := samplertest.TargetAt("standalone", "10.0.0.1:6379")
		tgt.Replicas, tgt.MaxAge = true, 10*time.Second
		s := &standalone{target: tgt}
		primary := answering(t, "role:master", "run_id:p", "master_replid:x", "slave0:ip=10.0.0.2,port=6379", "slave1:ip=10.0.0.3,port=6379")
		alone := answering(t, "role:master", "run_id:p", "master_replid:x", "slave0:ip=10.0.0.2,port=6379")
		up := answering(t, "role:slave", "run_id:b", "master_replid:x", "master_link_status:up")
		down := answering(t, "role:slave", "run_id:c", "master_replid:x", "master_link_status:down")
		follows := answering(t, "role:slave", "run_id:c", "master_replid:y", "master_link_status:up")
		promoted := answering(t, "role:master", "run_id:c", "master_replid:z")
		upAgain := answering(t, "role:slave", "run_id:c", "master_replid:x", "master_link_status:up")
		silent := result{err: &reason.Error{Reason: reason.Timeout}}
		for _, step := range []struct {
			name            string
			primary, third  result
			nodes, answered int
		}{
			{"both are listed", primary, upAgain, 3, 3},
			{"one has lost its link", alone, down, 3, 3},
			{"it goes on answering", alone, down, 3, 3},
			{"its link came up after the primary had answered", alone, upAgain, 3, 2},
			{"it is listed again", primary, upAgain, 3, 3},
			{"it ends", alone, silent, 3, 2},
			{"it is silent for no longer than maxAge", alone, silent, 3, 2},
			{"it is silent for longer than maxAge", alone, silent, 2, 2},
			{"it is back", primary, upAgain, 3, 3},
			{"it follows another primary", alone, follows, 3, 2},
			{"it is back again", primary, upAgain, 3, 3},
			{"it was promoted", alone, promoted, 3, 2},
		} {
			var found int
			var err error
			for range maxTries {
				asked, _ := s.endpoints(t.Context())
				results := make([]result, len(asked))
				for i, at := range asked {
					results[i] = map[string]result{"10.0.0.1:6379": step.primary, "10.0.0.2:6379": up, "10.0.0.3:6379": step.third}[at.address]
				}
				sample, failed := s.assemble(asked, results)
				if err = failed; err == nil {
					_, replicas, silent := roles(sample)
					found = 1 + replicas
					if found+silent != step.nodes || found != step.answered {
						t.Errorf("%s: %d nodes, %d of which answered; want %d and %d", step.name, found+silent, found, step.nodes, step.answered)
					}
					break
				}
				if !errors.Is(err, errTopologyChanged) {
					break
				}
			}
			if err != nil {
				t.Errorf("%s: %v", step.name, err)
			}
			<-time.After(6 * time.Second)
		}
	})
}

// TestReplicasOfANewPrimary checks replicas that follow a new primary one after the other.
func TestReplicasOfANewPrimary(t *testing.T) {
	r := &replication{listed: []string{"10.0.0.2:6379", "10.0.0.3:6379"}}
	r.list(nil)
	asked := r.endpoints("10.0.0.2:6379", poller.Request{})
	if len(asked) != 2 || asked[0].address != "10.0.0.2:6379" || asked[1].address != "10.0.0.3:6379" {
		t.Errorf("after a failover to one of two replicas, %+v are asked; want it and the other", asked)
	}
}
