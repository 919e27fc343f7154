package delegate

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/klog/v2"
)

const (
	// tokenLife is the requested lifetime. It is short, because whoever controls the
	// backend has the token. What is left at a renewal outlasts a restart of the API
	// server.
	tokenLife = time.Hour
	// tokenPause is the shortest time between two tokens, however often the backend
	// rejects them.
	tokenPause = 10 * time.Second
	// tokenTimeout bounds a request for a token.
	tokenTimeout = 10 * time.Second
)

// TokenIssuer issues tokens for the ServiceAccounts of a namespace. client-go
// implements it.
type TokenIssuer interface {
	CreateToken(ctx context.Context, account string, request *authenticationv1.TokenRequest, options metav1.CreateOptions) (*authenticationv1.TokenRequest, error)
}

// tokens holds a current token of one ServiceAccount.
type tokens struct {
	issuer   TokenIssuer
	account  string
	held     atomic.Pointer[token]
	first    chan struct{} // closed once there has been a token
	rejected chan struct{}
}

// token is a token. Its instants are those of this machine's clock, from which the API
// server's may differ.
type token struct {
	text         string
	renewAt, end time.Time
}

func newTokens(issuer TokenIssuer, account string) *tokens {
	return &tokens{issuer: issuer, account: account, first: make(chan struct{}), rejected: make(chan struct{}, 1)}
}

// current returns the token, or an empty string if there is none.
func (t *tokens) current() string {
	if held := t.held.Load(); held != nil && time.Now().Before(held.end) {
		return held.text
	}
	return ""
}

// reject makes run request another token before it is due.
func (t *tokens) reject() {
	select {
	case t.rejected <- struct{}{}:
	default:
	}
}

// run keeps the token current until ctx ends.
func (t *tokens) run(ctx context.Context) {
	backoff := newBackoff()
	for ctx.Err() == nil {
		held, err := t.issue(ctx)
		if err != nil {
			if ctx.Err() == nil {
				klog.FromContext(ctx).Error(err, "No token for the delegate, trying again", "serviceAccount", t.account)
			}
			sleep(ctx, backoff.Step(), nil)
			continue
		}
		if t.held.Swap(held) == nil {
			close(t.first)
		}
		backoff = newBackoff()
		sleep(ctx, tokenPause, nil)
		sleep(ctx, time.Until(held.renewAt), t.rejected)
	}
}

// issue requests a token. It computes the expiry from the granted lifetime, not from
// the granted instant, which is of another clock.
func (t *tokens) issue(ctx context.Context) (*token, error) {
	ctx, cancel := context.WithTimeout(ctx, tokenTimeout)
	defer cancel()
	began, seconds := time.Now(), int64(tokenLife/time.Second)
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &seconds}}
	granted, err := t.issuer.CreateToken(ctx, t.account, request, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("requesting a token: %w", err)
	}
	if granted.Status.Token == "" {
		return nil, errors.New("requesting a token: the API server returned none")
	}
	life := tokenLife
	if of := granted.Spec.ExpirationSeconds; of != nil && *of > 0 {
		life = min(life, time.Duration(*of)*time.Second)
	}
	return &token{text: granted.Status.Token, renewAt: began.Add(life * 2 / 3), end: began.Add(life)}, nil
}

func newBackoff() wait.Backoff {
	return wait.Backoff{Duration: time.Second, Factor: 2, Jitter: 0.2, Steps: 20, Cap: 30 * time.Second}
}

// sleep waits for a while, until ctx ends or early receives.
func sleep(ctx context.Context, while time.Duration, early <-chan struct{}) {
	timer := time.NewTimer(while)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-early:
	}
}
