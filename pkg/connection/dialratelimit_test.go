package connection

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/credentials"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

func TestDialsOfANamespaceAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := newDialLimit()
		loud, quiet := all.open("loud"), all.open("quiet")
		dial := func(of *rate.Limiter) error {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			return awaitDial(ctx, of)
		}
		for range dialsAtOnce + dialsPerSecond {
			if err := dial(loud); err != nil {
				t.Fatal(err)
			}
		}
		if waited := time.Since(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)); waited > time.Second+time.Millisecond {
			t.Errorf("the dials took %v, want a second", waited)
		}
		ended, cancel := context.WithTimeout(t.Context(), 0)
		defer cancel()
		if err := awaitDial(ended, loud); reason.Classify(err).Reason == reason.TooManyDials {
			t.Error("an attempt that has ended says that its namespace dials too often")
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Microsecond)
		defer cancel()
		if err := awaitDial(ctx, loud); reason.Classify(err).Reason != reason.TooManyDials {
			t.Errorf("one more dial: %v, want %s", err, reason.TooManyDials)
		}
		if err := dial(quiet); err != nil {
			t.Errorf("another namespace: %v", err)
		}
	})
}

func TestDialsForgetNamespaces(t *testing.T) {
	all := newDialLimit()
	if first, second := all.open("a"), all.open("a"); first != second {
		t.Error("two targets of a namespace do not share a bound")
	}
	all.close("a")
	if len(all.namespaces) != 1 {
		t.Error("the bound is gone while a target uses it")
	}
	all.close("a")
	if len(all.namespaces) != 0 {
		t.Error("a namespace without targets is kept")
	}
}

func TestAttemptThatMayNotDial(t *testing.T) {
	o, _ := with(t, redistest.New(t).Addr, &credentials.Credentials{})
	o.server.limit = rate.NewLimiter(rate.Every(time.Hour), 1)
	o.server.limit.Allow()
	o.fail(reason.TooManyDials)
}
