package poller

import (
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/samplertest"
)

func TestMain(m *testing.M) { samplertest.Main(m) }
