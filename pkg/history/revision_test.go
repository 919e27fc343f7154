package history_test

import (
	"errors"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
)

func TestRevisionStaysWhileTheNodesDo(t *testing.T) {
	silent := history.Node{Name: "c", Address: "c:6379", Shard: "0", Replica: true, Err: errors.New("silent")}
	for name, test := range map[string]struct {
		change func(nodes *[]history.Node)
		event  func(*server)
		stays  bool
	}{
		"nothing changes":        {stays: true},
		"a restart":              {event: func(s *server) { s.runID = "b" }},
		"a role":                 {event: func(s *server) { s.role = "slave" }},
		"another version":        {event: func(s *server) { s.version = "8.2.0" }},
		"another address":        {change: func(nodes *[]history.Node) { (*nodes)[0].Address = "z:6379" }},
		"another name":           {change: func(nodes *[]history.Node) { (*nodes)[0].Name = "z" }},
		"another shard":          {change: func(nodes *[]history.Node) { (*nodes)[0].Shard = "1" }},
		"a replica":              {change: func(nodes *[]history.Node) { (*nodes)[0].Replica = true }},
		"a node more":            {change: func(nodes *[]history.Node) { *nodes = append(*nodes, silent) }},
		"a node less":            {change: func(nodes *[]history.Node) { *nodes = (*nodes)[:1] }},
		"a node without answer":  {change: func(nodes *[]history.Node) { (*nodes)[1].Info, (*nodes)[1].Err = nil, silent.Err }},
		"credentials not taken":  {change: func(nodes *[]history.Node) { (*nodes)[1].NotRenewed = silent.Err }},
		"an answer and an error": {change: func(nodes *[]history.Node) { (*nodes)[1].Err = silent.Err }},
	} {
		t.Run(name, func(t *testing.T) {
			s, first, second, now := open(t), fresh("a"), fresh("b"), time.Now()
			second.role = "slave"
			record := func(change func(*[]history.Node)) *history.Revision {
				now = now.Add(interval)
				first.work(10)
				second.work(10)
				nodes := []history.Node{
					{Name: "a", Address: "a:6379", Shard: "0", At: now, Info: first.answer(t)},
					{Name: "b", Address: "b:6379", Shard: "0", Replica: true, At: now, Info: second.answer(t)},
				}
				if change != nil {
					change(&nodes)
				}
				s.Record(history.NewSample(nil, nodes...))
				return s.Revision()
			}
			before := record(nil)
			if before == nil || record(nil) != before {
				t.Fatal("the revision changes although nothing does")
			}
			if test.event != nil {
				test.event(&first)
			}
			after := record(test.change)
			if (after == before) != test.stays {
				t.Errorf("the revision stays: %v, want %v", after == before, test.stays)
			}
			if back := record(nil); (back == before) != test.stays {
				t.Errorf("the revision is what it was: %v, want %v", back == before, test.stays)
			}
		})
	}
}

func TestRevisionEndsWithAFailure(t *testing.T) {
	s, redis, now := open(t), fresh("a"), time.Now()
	if s.Revision() != nil {
		t.Error("there is a revision before the first attempt")
	}
	record := func() *history.Revision {
		redis.work(10)
		s.Record(history.NewSample(nil, history.Node{Name: "a", At: now, Info: redis.answer(t)}))
		return s.Revision()
	}
	before := record()
	s.Fail(errors.New("refused"), history.Node{Address: "z:6379"})
	if s.Revision() != nil {
		t.Error("there is a revision after a failure")
	}
	now = now.Add(interval)
	if record() == before {
		t.Error("the revision reaches over a failure")
	}
}
