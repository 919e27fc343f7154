package sampler

import (
	"context"
	"testing"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	redis.SetLogger(silence{})
	goleak.VerifyTestMain(m)
}

// silence takes what go-redis logs: the failures that these tests are about.
type silence struct{}

func (silence) Printf(context.Context, string, ...any) {}
