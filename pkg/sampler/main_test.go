package sampler

import (
	"testing"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/samplertest"
)

func TestMain(m *testing.M) {
	redis.SetLogger(samplertest.Silence{})
	goleak.VerifyTestMain(m)
}
