package catalog

import "testing"

// TestRows checks that each row has one function and a name of its own, and that the
// names that other packages ask for exist.
func TestRows(t *testing.T) {
	c := Builtin()
	if len(c.byName) != len(c.metrics) {
		t.Errorf("%d rows have %d names", len(c.metrics), len(c.byName))
	}
	for _, m := range c.metrics {
		if (m.gauge.of == nil) == (m.window.of == nil) {
			t.Errorf("metric %s must have one function, for a gauge or for a window", m.Name)
		}
	}
	for _, name := range []string{RequestsPerSecond, ConnectedClients, UsedMemoryBytes} {
		if _, ok := c.Lookup(name); !ok {
			t.Errorf("there is no metric %s", name)
		}
	}
}
