package series_test

import (
	"errors"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/series"
)

func TestLikenessStaysWhileAttemptsTellTheSameOfTheNodes(t *testing.T) {
	silent := series.Node{Name: "c", Address: "c:6379", Shard: "0", Replica: true, Err: errors.New("silent")}
	for name, test := range map[string]struct {
		change func(nodes *[]series.Node)
		event  func(*server)
		stays  bool
	}{
		"nothing changes":        {stays: true},
		"a restart":              {event: func(s *server) { s.runID = "b" }},
		"a role":                 {event: func(s *server) { s.role = "slave" }},
		"another version":        {event: func(s *server) { s.version = "8.2.0" }},
		"another address":        {change: func(nodes *[]series.Node) { (*nodes)[0].Address = "z:6379" }},
		"another name":           {change: func(nodes *[]series.Node) { (*nodes)[0].Name = "z" }},
		"another shard":          {change: func(nodes *[]series.Node) { (*nodes)[0].Shard = "1" }},
		"a replica":              {change: func(nodes *[]series.Node) { (*nodes)[0].Replica = true }},
		"a node more":            {change: func(nodes *[]series.Node) { *nodes = append(*nodes, silent) }},
		"a node less":            {change: func(nodes *[]series.Node) { *nodes = (*nodes)[:1] }},
		"a node without answer":  {change: func(nodes *[]series.Node) { (*nodes)[1].Info, (*nodes)[1].Err = nil, silent.Err }},
		"credentials not taken":  {change: func(nodes *[]series.Node) { (*nodes)[1].NotRenewed = silent.Err }},
		"an answer and an error": {change: func(nodes *[]series.Node) { (*nodes)[1].Err = silent.Err }},
	} {
		t.Run(name, func(t *testing.T) {
			s, first, second, now := open(t), fresh("a"), fresh("b"), time.Now()
			second.role = "slave"
			record := func(change func(*[]series.Node)) *series.Likeness {
				now = now.Add(interval)
				first.work(10)
				second.work(10)
				nodes := []series.Node{
					{Name: "a", Address: "a:6379", Shard: "0", At: now, Info: first.answer(t)},
					{Name: "b", Address: "b:6379", Shard: "0", Replica: true, At: now, Info: second.answer(t)},
				}
				if change != nil {
					change(&nodes)
				}
				s.Record(series.NewSample(nil, nodes...))
				return s.Likeness()
			}
			before := record(nil)
			if before == nil || record(nil) != before {
				t.Fatal("the likeness changes although nothing does")
			}
			if test.event != nil {
				test.event(&first)
			}
			after := record(test.change)
			if (after == before) != test.stays {
				t.Errorf("the likeness stays: %v, want %v", after == before, test.stays)
			}
			if back := record(nil); (back == before) != test.stays {
				t.Errorf("the likeness is what it was: %v, want %v", back == before, test.stays)
			}
		})
	}
}

func TestLikenessEndsWithAFailure(t *testing.T) {
	s, redis, now := open(t), fresh("a"), time.Now()
	if s.Likeness() != nil {
		t.Error("there is a likeness before the first attempt")
	}
	record := func() *series.Likeness {
		redis.work(10)
		s.Record(series.NewSample(nil, series.Node{Name: "a", At: now, Info: redis.answer(t)}))
		return s.Likeness()
	}
	before := record()
	s.Fail(errors.New("refused"), series.Node{Address: "z:6379"})
	if s.Likeness() != nil {
		t.Error("there is a likeness after a failure")
	}
	now = now.Add(interval)
	if record() == before {
		t.Error("the likeness reaches over a failure")
	}
}
