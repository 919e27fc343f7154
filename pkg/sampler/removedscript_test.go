package sampler

import (
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/samplertest"
)

const endless = "while true do end"

func busySoon(t *testing.T, program redistest.Program) *redistest.Server {
	t.Helper()
	return program.New(t, "--busy-reply-threshold", "200")
}

func answers(t *testing.T, server *redistest.Server) bool {
	return server.Client().Ping(t.Context()).Err() == nil
}

func TestScriptOfARemovedTargetIsEnded(t *testing.T) {
	server := busySoon(t, redistest.Default(t))
	w := managing(t)
	tgt := samplertest.TargetAt("scripted", server.Addr)
	tgt.Probes = probe.Compile([]*probe.Probe{probe.Script(endless, nil, nil)})
	w.Set(tgt)
	samplertest.Poll(t, "the script runs", func() bool { return !answers(t, server) })
	w.Remove(tgt)
	samplertest.Poll(t, "the script has ended", func() bool { return answers(t, server) })
}
