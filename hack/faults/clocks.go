package faults

import (
	"context"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/hack/ledger"
)

// clocks are the rows of the adapter's wall clock, which is set while time goes on. The instants that it states are off
// as its clock is, which no HPA looks at.
func clocks() []Fault {
	off := func(name, how string, by time.Duration) Fault {
		return Fault{
			Name: name, How: how, Scope: Plane, Levels: ledger.Renews, Rates: ledger.Renews, Within: 3, Off: by, Settles: true,
			inject: func(_ context.Context, s *Subject, hold func()) error {
				s.Clock.Set(by)
				hold()
				s.Clock.Set(0)
				return nil
			},
		}
	}
	return []Fault{
		off("the adapter's clock is set ahead by an hour", "CLOCK_REALTIME of its process +1 h, and back", time.Hour),
		off("the adapter's clock is set back by an hour", "CLOCK_REALTIME of its process -1 h, and back", -time.Hour),
		off("the adapter's clock is set back by less than a window", "CLOCK_REALTIME of its process -2 s, and back", -2*time.Second),
	}
}
