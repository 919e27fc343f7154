package faults

import (
	"context"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
)

// clocks returns the rows of the adapter's wall clock, which is set while it runs. The instants that it states are off
// by as much, but no HPA reads them. An attempt during which the clock is set fails. The next one is an interval later,
// and the keys of a replica are known once two more have found it synchronized, the second at least 2 s after the
// first.
func clocks() []Fault {
	off := func(name, how string, by time.Duration) Fault {
		return Fault{
			Name: name, How: how, Scope: Plane, Levels: verifier.Renews, Rates: verifier.Renews, Within: 5, Off: by, Settles: true,
			inject: injecting(func(ctx context.Context, s *Subject) error { return s.set(ctx, by) }, reset),
		}
	}
	return []Fault{
		off("the adapter's clock is set ahead by an hour", "CLOCK_REALTIME of its process +1 h, and back", time.Hour),
		off("the adapter's clock is set back by an hour", "CLOCK_REALTIME of its process -1 h, and back", -time.Hour),
		off("the adapter's clock is set back by less than a window", "CLOCK_REALTIME of its process -2 s, and back", -2*time.Second),
		{
			Name: "the adapter starts while its clock is an hour behind", How: "SIGTERM, start with CLOCK_REALTIME -1 h, and back", Scope: Plane,
			Levels: verifier.Renews, Rates: verifier.Renews, Within: 8, Off: -time.Hour, Settles: true,
			inject: injecting(func(ctx context.Context, s *Subject) error {
				s.Clock.Set(-time.Hour)
				return s.Adapters[0].Restart(ctx)
			}, reset),
		},
	}
}

// burst is how many requests of each kind are sent before a step. A steady load has the same rate over all windows.
// With a burst, the rate is wrong if the window is not as long as stated.
const burst = 200

func reset(ctx context.Context, s *Subject) error { return s.set(ctx, 0) }

// set sets the adapter's clock half an interval after a burst at one of the servers.
func (s *Subject) set(ctx context.Context, off time.Duration) error {
	err := s.until(ctx, "a burst is through", func(ctx context.Context) bool { return s.Load.Burst(ctx, burst) == nil })
	verifier.Sleep(ctx, s.Verifier.Policy().Interval/2)
	s.Clock.Set(off)
	return err
}
