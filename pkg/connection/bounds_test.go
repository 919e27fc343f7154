package connection

import (
	"fmt"
	"strings"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/samplertest"
)

func TestLimitsAreAsDocumented(t *testing.T) {
	samplertest.Documented(t,
		fmt.Sprintf("| one reply to INFO | %d KiB, 8192 lines |", maxInfoBytes>>10),
		fmt.Sprintf("| any other reply | %d KiB, %d elements, %d deep |", maxReplyBytes>>10, maxElements, maxDepth),
		fmt.Sprintf("| %d a second, %d at once |", dialsPerSecond, dialsAtOnce),
		fmt.Sprintf("| connections to one IP address and port, and half of that for one namespace | %d |", maxConnections),
		fmt.Sprintf("gives up %.0f s after the attempt", killWithin.Seconds()))
	want := fmt.Sprintf("at most %d connections", maxConnections)
	if text := (&reason.Error{Reason: reason.TooManyConnections}).Error(); !strings.Contains(text, want) {
		t.Errorf("%s says %q, want %q in it", reason.TooManyConnections, text, want)
	}
}
