package sampler

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/credentials"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

func password(username, password string) *credentials.Credentials {
	return &credentials.Credentials{Username: username, Password: password}
}

// notRenewed makes an attempt that must succeed, and returns why its connection is not the newest.
func (o *one) notRenewed() reason.Reason {
	o.t.Helper()
	s := o.sample()
	if s.NotRenewed() == nil {
		return ""
	}
	return reason.Of(s.NotRenewed())
}

// later lets the next attempt renew although one has just failed.
func (o *one) later() {
	now := time.Now().Add(lastRenewal)
	o.poller.now = func() time.Time { return now }
}

func TestPasswordAndUser(t *testing.T) {
	server := redistest.New(t, "--requirepass", "hunter2")
	for name, test := range map[string]struct {
		with *credentials.Credentials
		want reason.Reason
	}{
		"of the default user":          {password("", "hunter2"), ""},
		"of the default user, by name": {password("default", "hunter2"), ""},
		"none":                         {password("", ""), reason.AuthenticationFailed},
		"wrong":                        {password("", "hunter3"), reason.AuthenticationFailed},
		"of a user that is not there":  {password("metrics", "hunter2"), reason.AuthenticationFailed},
	} {
		t.Run(name, func(t *testing.T) {
			o, source := with(t, server.Addr, test.with)
			if test.want == "" {
				o.sample()
				return
			}
			o.fail(test.want)
			if source.doubts != 1 {
				t.Errorf("the credentials were doubted %d times, want once", source.doubts)
			}
		})
	}
	t.Run("for a server without one", func(t *testing.T) {
		o, _ := with(t, redistest.New(t).Addr, password("", "hunter2"))
		o.sample() // Redis takes any password for a user that needs none
	})
}

// rotating is a server with the documented user, and a probe of it.
func rotating(t *testing.T) (*redistest.Server, *one, *given) {
	t.Helper()
	server := redistest.New(t)
	server.Do("acl", "setuser", "metrics", "on", ">one", "resetkeys", "-@all", "+info", "+echo", "+select", "+client|setname")
	o, source := with(t, server.Addr, password("metrics", "one"))
	o.sample()
	return server, o, source
}

func TestRotationOfAPasswordLosesNoSample(t *testing.T) {
	server, o, source := rotating(t)
	server.Do("acl", "setuser", "metrics", ">two")
	before := o.poller.link
	source.set(password("metrics", "two"), nil)
	if why := o.notRenewed(); why != "" || o.poller.link == before {
		t.Fatalf("the connection was not renewed: %s", why)
	}
	if err := before.client.Ping(t.Context()).Err(); !errors.Is(err, redis.ErrClosed) {
		t.Errorf("the old connection goes on: %v", err)
	}
	server.Do("acl", "setuser", "metrics", "<one")
	server.Do("client", "kill", "type", "normal", "skipme", "yes")
	o.sample()
	if source.doubts != 0 {
		t.Errorf("credentials were doubted %d times", source.doubts)
	}
}

func TestWrongNewPasswordLeavesTheOldConnection(t *testing.T) {
	server, o, source := rotating(t)
	before := o.poller.link
	source.set(password("metrics", "wrong"), nil)
	for range 3 {
		if why := o.notRenewed(); why != reason.AuthenticationFailed || o.poller.link != before {
			t.Fatalf("it says %q, and the connection is the old one: %v", why, o.poller.link == before)
		}
	}
	if source.doubts != 1 {
		t.Errorf("the new password was tried or doubted %d times at once, want once", source.doubts)
	}
	if n := connections(t, server); n != 1 {
		t.Errorf("%d connections, want the old one alone", n)
	}
	server.Do("acl", "setuser", "metrics", ">wrong") // the server follows the Secret
	o.later()
	if why := o.notRenewed(); why != "" {
		t.Errorf("it is not renewed although it could be: %s", why)
	}
}

func TestLostConnectionWithAWrongNewPassword(t *testing.T) {
	server, o, source := rotating(t)
	source.set(password("metrics", "wrong"), nil)
	if why := o.notRenewed(); why != reason.AuthenticationFailed {
		t.Fatalf("it says %q", why)
	}
	server.Do("client", "kill", "type", "normal", "skipme", "yes")
	o.fail(reason.AuthenticationFailed)
	source.set(password("metrics", "one"), nil)
	o.sample()
}

func TestCredentialsTakenAwayAreNotDialedWith(t *testing.T) {
	server, o, source := rotating(t)
	source.set(nil, &reason.Error{Reason: reason.SecretForbidden})
	if why := o.notRenewed(); why != reason.SecretForbidden {
		t.Fatalf("it says %q", why)
	}
	server.Do("client", "kill", "type", "normal", "skipme", "yes")
	o.fail(reason.SecretForbidden)
	o.fail(reason.SecretForbidden)
	if n := connections(t, server); n != 0 {
		t.Errorf("%d connections without credentials", n)
	}
	source.set(password("metrics", "one"), nil)
	o.sample()
}

// TestServerDropsTheOldConnectionWhileItIsAsked loses no sample either: the new
// credentials may be why.
func TestServerDropsTheOldConnectionWhileItIsAsked(t *testing.T) {
	var asked atomic.Int64
	server := stubbing(t, func(command []string) string {
		if command[0] == "info" {
			if asked.Add(1) == 2 {
				return hangUp
			}
		}
		return healthy(goodInfo)(command)
	})
	o, source := with(t, server.addr, password("", ""))
	o.sample()
	source.set(password("", ""), nil)
	o.sample()
}

func TestServerDropsTheUserThatWas(t *testing.T) {
	server, o, source := rotating(t)
	server.Do("acl", "deluser", "metrics") // which closes its connections
	server.Do("acl", "setuser", "metrics", "on", ">two", "resetkeys", "-@all", "+info", "+echo", "+select", "+client|setname")
	source.set(password("metrics", "two"), nil)
	o.sample()
}

func TestRotationOfCertificates(t *testing.T) {
	server, a := start(t, "--tls-auth-clients", "yes")
	cert, key := a.Issue(tomorrow())
	o, source := with(t, server.TLSAddr, trusting(t, a, cert, key))
	o.sample()
	t.Run("to one of another authority", func(t *testing.T) {
		cert, key := redistest.NewAuthority(t).Issue(tomorrow())
		source.set(trusting(t, a, cert, key), nil)
		if why := o.notRenewed(); why != reason.ClientCertificateRefused && why != reason.TLSHandshakeFailed {
			t.Errorf("it says %q", why)
		}
	})
	t.Run("to a good one", func(t *testing.T) {
		before := o.poller.link
		source.set(trusting(t, a, cert, key), nil)
		if why := o.notRenewed(); why != "" || o.poller.link == before {
			t.Errorf("it was not renewed: %s", why)
		}
	})
	t.Run("to an authority that did not sign the server's", func(t *testing.T) {
		source.set(trusting(t, redistest.NewAuthority(t), cert, key), nil)
		if why := o.notRenewed(); why != reason.ServerCertificateUntrusted {
			t.Errorf("it says %q", why)
		}
	})
}

func TestNoErrorTellsThePassword(t *testing.T) {
	const secret = "sesame-open"
	echo := stubbing(t, func(command []string) string {
		return "-ERR unknown command, with args beginning with: " + strings.Join(command, " ") + "\r\n"
	})
	o, _ := with(t, echo.addr, password("metrics", secret))
	_, err := o.attempt(t.Context())
	var known *reason.Error
	if !errors.As(err, &known) || strings.Contains(err.Error()+known.Advice(), secret) {
		t.Errorf("the error is %v", err)
	}
}
