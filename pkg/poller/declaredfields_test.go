package poller

import (
	"strings"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/samplertest"
)

func TestDeclaredFieldsOfInfoAreKept(t *testing.T) {
	tgt := samplertest.TargetAt("declaring", "127.0.0.1:1")
	tgt.Probes = probe.Compile([]*probe.Probe{probe.Info("lazyfree_pending_objects", probe.Gauge, probe.Sum)})
	info, err := New(open(t).Group(t.Context(), tgt), tgt, tgt.Address, NewFields(samplertest.MetricFields())).parse([]byte("role:master\r\nlazyfree_pending_objects:3\r\nmem_allocator:" + strings.Repeat("x", 1<<16) + "\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := info.Int("lazyfree_pending_objects"); got != 3 || err != nil || info.Size() > 100 {
		t.Errorf("the field is %d, %v, and %d bytes are kept", got, err, info.Size())
	}
}
