package sampler

import (
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/samplertest"
)

func TestScriptOfARemovedTargetIsEnded(t *testing.T) {
	server := redistest.New(t, "--busy-reply-threshold", "200")
	answers := func() bool { return server.Client().Ping(t.Context()).Err() == nil }
	w := managing(t)
	tgt := samplertest.TargetAt("scripted", server.Addr)
	tgt.Probes = probe.Compile([]*probe.Probe{probe.Script("while true do end", nil, nil)})
	w.Set(tgt)
	samplertest.Poll(t, "the script runs", func() bool { return !answers() })
	w.Remove(tgt)
	samplertest.Poll(t, "the script has ended", answers)
}
