package hostile

import (
	"maps"
	"slices"
	"sync"

	"github.com/redis-metrics/redis-metrics-adapter/hack/measure"
)

// tally counts what the attackers did. It is safe for concurrent use.
type tally struct {
	mu     sync.Mutex
	counts map[string]int
	// wrong are sentences about what should have been otherwise.
	wrong []string
}

// expect names something that an attacker does, which has to be done at least once.
func (c *tally) expect(names ...string) {
	for _, name := range names {
		c.count(name, 0)
	}
}

func (c *tally) count(name string, times int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts = map[string]int{}
	}
	c.counts[name] += times
}

// violate notes what should have been otherwise, such as an attempt that was not refused.
func (c *tally) violate(sentence string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.wrong) < shown {
		c.wrong = append(c.wrong, sentence)
	}
}

// table has how often each attack was done, each of which must have been.
func (c *tally) table() (counts measure.Table) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(c.counts)) {
		counts.Add(name, float64(c.counts[name]), "").AtLeast(1)
	}
	return counts
}
