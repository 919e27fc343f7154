package history

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unsafe"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

func TestKeysThatAreSharedCountOnce(t *testing.T) {
	// A schema takes 64 bytes for each of these keys, so that 1024 are the most that count once.
	answer := func(parser *redisinfo.Parser, keys int) *redisinfo.Info {
		var text strings.Builder
		for n := range keys {
			fmt.Fprintf(&text, "%023d:1\r\n", n)
		}
		info, err := parser.Parse([]byte(text.String()))
		if err != nil {
			t.Fatal(err)
		}
		return info
	}
	node := func(name string, info *redisinfo.Info) Node {
		return Node{Name: name, Address: name + ":6379", Info: info}
	}
	var shared, large redisinfo.Parser
	first, second := answer(&shared, 1024), answer(&shared, 1024)
	firstLarge, secondLarge := answer(&large, 1025), answer(&large, 1025)
	other := answer(new(redisinfo.Parser), 1)
	const silent = int(unsafe.Sizeof(Node{})) + len("a") + len("a:6379")
	for name, test := range map[string]struct {
		before, sample Sample
		want           int
	}{
		"no answer":                   {Sample{}, Sample{Nodes: []Node{node("a", nil)}}, silent},
		"results of probes":           {Sample{}, Sample{Nodes: []Node{node("a", nil)}, Probed: make([]probe.Result, 2)}, silent + 2*64},
		"the first answer":            {Sample{}, Sample{Nodes: []Node{node("a", second)}}, silent + second.Size() + second.KeysSize()},
		"keys of the answer before":   {Sample{Nodes: []Node{node("a", first)}}, Sample{Nodes: []Node{node("a", second)}}, silent + second.Size()},
		"large keys":                  {Sample{Nodes: []Node{node("a", firstLarge)}}, Sample{Nodes: []Node{node("a", secondLarge)}}, silent + secondLarge.Size() + secondLarge.KeysSize()},
		"keys of another node before": {Sample{Nodes: []Node{node("b", first)}}, Sample{Nodes: []Node{node("a", second)}}, silent + second.Size() + second.KeysSize()},
		"other keys before":           {Sample{Nodes: []Node{node("a", other)}}, Sample{Nodes: []Node{node("a", second)}}, silent + second.Size() + second.KeysSize()},
		"no answer before":            {Sample{Nodes: []Node{node("a", nil)}}, Sample{Nodes: []Node{node("a", second)}}, silent + second.Size() + second.KeysSize()},
		"keys of the node beside":     {Sample{}, Sample{Nodes: []Node{node("a", first), node("b", second)}}, 2*silent + 2*second.Size() + second.KeysSize()},
		"a silent node beside":        {Sample{}, Sample{Nodes: []Node{node("b", nil), node("a", second)}}, 2*silent + second.Size() + second.KeysSize()},
	} {
		if got := test.sample.bytes(test.before); got != test.want {
			t.Errorf("%s: %d bytes, want %d", name, got, test.want)
		}
	}
}

func TestBudgetsEndWhereTheySay(t *testing.T) {
	var s Store
	for _, step := range []struct {
		before, after int
		want          error
	}{
		{0, ObjectBytes + 1, ErrObjectFull},
		{0, ObjectBytes, nil},
		{0, ObjectBytes, nil},
		{0, ObjectBytes, nil},
		{0, ObjectBytes, nil},
		{0, LargeBytes - 4*(ObjectBytes-OrdinaryBytes) + OrdinaryBytes, nil},
		{0, OrdinaryBytes + 1, ErrStoreFull},
		{0, OrdinaryBytes, nil},
		{ObjectBytes, ObjectBytes - 1, nil},
		{0, OrdinaryBytes + 1, nil},
	} {
		if err := s.reserve(step.before, step.after); !errors.Is(err, step.want) {
			t.Errorf("%d bytes in place of %d: %v, want %v", step.after, step.before, err, step.want)
		}
	}
}
