package catalog

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

func TestLimitsAreAsDocumented(t *testing.T) {
	const file = "../../deploy/docs/security.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		fmt.Sprintf("`run_id` | %d bytes of printable ASCII", redisinfo.MaxName),
		fmt.Sprintf("| values of one label that an error lists | %d |", listedValues),
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s lacks %q", file, want)
		}
	}
}
