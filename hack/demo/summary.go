package demo

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
)

func summary(s *story, served verifier.Report, took time.Duration) string {
	var text strings.Builder
	fmt.Fprintf(&text, "\nThe stock HPA scaled %s out and in on the requests per second of Redis %s; all of it took %s.\n",
		statefulSetName, redisName, clock(took))
	for i, p := range s.phases {
		if i == 0 {
			continue
		}
		began, _ := s.find(i, markPhase)
		fmt.Fprintf(&text, "  load %d -> %d requests/s: %s", s.phases[i-1].load, p.load, p.wants)
		if decided, ok := s.find(i, markDecision); ok {
			fmt.Fprintf(&text, "; first decision after %s", seconds(decided.at.Sub(began.at)))
		}
		if reached, ok := s.find(i, markReady); ok {
			fmt.Fprintf(&text, ", done after %s", seconds(reached.at.Sub(began.at)))
		}
		text.WriteString("\n")
	}
	fmt.Fprintf(&text, "  %s of the time to scale in are this demo's stabilization window (default 5m)\n", stabilization)
	fmt.Fprintf(&text, "  numbers served: %d, each within %.0f %% of the traffic truly sent in the window that it states\n",
		served.Checked, 100*verifier.SoleLoadShare)
	return text.String()
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.0fs", d.Seconds()) }

// verdict returns why the numbers served cannot be trusted, or nil.
func verdict(served verifier.Report) error {
	if served.Checked == 0 {
		return errors.New("no served number could be compared with the traffic")
	}
	if served.Violations > 0 {
		return fmt.Errorf("%d of %d served numbers differ from the traffic by more than %.0f %%:\n  %s",
			served.Violations, served.Checked, 100*verifier.SoleLoadShare, strings.Join(served.Wrong, "\n  "))
	}
	return nil
}
