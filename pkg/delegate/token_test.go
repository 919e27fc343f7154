package delegate

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// running runs what keeps the token in the background.
func running(t *testing.T, i *issuer) *tokens {
	kept := newTokens(i, "delegate")
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { kept.run(ctx); close(ended) }()
	t.Cleanup(func() { stop(); <-ended })
	synctest.Wait()
	return kept
}

func after(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func TestATokenIsRenewedBeforeItEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{}
		kept := running(t, i)
		if kept.current() != "token-1" {
			t.Errorf("the token is %q", kept.current())
		}
		after(tokenLife*2/3 - time.Second)
		if kept.current() != "token-1" {
			t.Errorf("the token is %q before it is time", kept.current())
		}
		after(2 * time.Second)
		if kept.current() != "token-2" {
			t.Errorf("the token is %q", kept.current())
		}
		i.set(errors.New("the API server is away"), 0)
		after(tokenLife - time.Minute)
		if kept.current() != "token-2" {
			t.Errorf("the token is %q, though it has not ended", kept.current())
		}
		after(2 * time.Minute)
		if kept.current() != "" {
			t.Errorf("the token is %q, though it has ended", kept.current())
		}
		i.set(nil, 600)
		after(time.Minute)
		if kept.current() != "token-3" {
			t.Errorf("the token is %q once it can be had", kept.current())
		}
		after(401 * time.Second)
		if kept.current() != "token-4" {
			t.Errorf("the token is %q, though less was granted than asked for", kept.current())
		}
	})
}

func TestARejectedTokenIsReplacedAtALowRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{}
		kept := running(t, i)
		for range 1000 {
			kept.reject()
			after(100 * time.Millisecond)
		}
		if n := i.issued(); n < 9 || n > 11 {
			t.Errorf("%d tokens in 100s, of which each was rejected at once", n)
		}
	})
}

func TestNoTokenIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := running(t, &issuer{fails: errors.New("forbidden")})
		select {
		case <-kept.first:
			t.Error("there is a token")
		default:
		}
		if kept.current() != "" {
			t.Errorf("the token is %q", kept.current())
		}
	})
}
