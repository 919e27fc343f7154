package connection

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/credentials"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/samplertest"
)

func TestPasswordAndUser(t *testing.T) {
	server := redistest.New(t, "--requirepass", "hunter2")
	for name, test := range map[string]struct {
		with *credentials.Credentials
		want reason.Reason
	}{
		"of the default user":          {samplertest.Password("", "hunter2"), ""},
		"of the default user, by name": {samplertest.Password("default", "hunter2"), ""},
		"none":                         {samplertest.Password("", ""), reason.AuthenticationFailed},
		"wrong":                        {samplertest.Password("", "hunter3"), reason.AuthenticationFailed},
		"of a user that is not there":  {samplertest.Password("metrics", "hunter2"), reason.AuthenticationFailed},
	} {
		t.Run(name, func(t *testing.T) {
			o, source := with(t, server.Addr, test.with)
			if test.want == "" {
				o.sample()
				return
			}
			o.fail(test.want)
			if source.Rejected() != 1 {
				t.Errorf("the credentials were doubted %d times, want once", source.Rejected())
			}
		})
	}
	t.Run("for a server without one", func(t *testing.T) {
		o, _ := with(t, redistest.New(t).Addr, samplertest.Password("", "hunter2"))
		o.sample() // Redis takes any password for a user that needs none
	})
}

// rotating is a server with the documented user, and a probe of it.
func rotating(t *testing.T) (*redistest.Server, *one, *samplertest.Credentials) {
	t.Helper()
	server := redistest.New(t)
	server.Do("acl", "setuser", "metrics", "on", ">one", "resetkeys", "-@all", "+info", "+echo", "+select", "+client|setname")
	o, source := with(t, server.Addr, samplertest.Password("metrics", "one"))
	o.sample()
	return server, o, source
}

func TestRotationOfAPasswordLosesNoSample(t *testing.T) {
	server, o, source := rotating(t)
	server.Do("acl", "setuser", "metrics", ">two")
	before := o.server.link
	source.Set(samplertest.Password("metrics", "two"), nil)
	if why := o.notRenewed(); why != "" || o.server.link == before {
		t.Fatalf("the connection was not renewed: %s", why)
	}
	if err := before.Client.Ping(t.Context()).Err(); !errors.Is(err, redis.ErrClosed) {
		t.Errorf("the old connection goes on: %v", err)
	}
	server.Do("acl", "setuser", "metrics", "<one")
	server.Do("client", "kill", "type", "normal", "skipme", "yes")
	o.sample()
	if source.Rejected() != 0 {
		t.Errorf("credentials were doubted %d times", source.Rejected())
	}
}

func TestWrongNewPasswordLeavesTheOldConnection(t *testing.T) {
	server, o, source := rotating(t)
	before := o.server.link
	source.Set(samplertest.Password("metrics", "wrong"), nil)
	for range 3 {
		if why := o.notRenewed(); why != reason.AuthenticationFailed || o.server.link != before {
			t.Fatalf("it says %q, and the connection is the old one: %v", why, o.server.link == before)
		}
	}
	if source.Rejected() != 1 {
		t.Errorf("the new password was tried or doubted %d times at once, want once", source.Rejected())
	}
	if n := samplertest.Connections(t, server); n != 1 {
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
	source.Set(samplertest.Password("metrics", "wrong"), nil)
	if why := o.notRenewed(); why != reason.AuthenticationFailed {
		t.Fatalf("it says %q", why)
	}
	server.Do("client", "kill", "type", "normal", "skipme", "yes")
	o.fail(reason.AuthenticationFailed)
	source.Set(samplertest.Password("metrics", "one"), nil)
	o.sample()
}

func TestCredentialsTakenAwayAreNotDialedWith(t *testing.T) {
	server, o, source := rotating(t)
	source.Set(nil, &reason.Error{Reason: reason.SecretForbidden})
	if why := o.notRenewed(); why != reason.SecretForbidden {
		t.Fatalf("it says %q", why)
	}
	server.Do("client", "kill", "type", "normal", "skipme", "yes")
	o.fail(reason.SecretForbidden)
	o.fail(reason.SecretForbidden)
	if n := samplertest.Connections(t, server); n != 0 {
		t.Errorf("%d connections without credentials", n)
	}
	source.Set(samplertest.Password("metrics", "one"), nil)
	o.sample()
}

// TestServerDropsTheOldConnectionWhileItIsAsked loses no sample either: the new
// credentials may be why.
func TestServerDropsTheOldConnectionWhileItIsAsked(t *testing.T) {
	var asked atomic.Int64
	server := samplertest.NewStub(t, func(command []string) string {
		if command[0] == "info" {
			if asked.Add(1) == 2 {
				return samplertest.HangUp
			}
		}
		return samplertest.Healthy(samplertest.GoodInfo)(command)
	})
	o, source := with(t, server.Addr, samplertest.Password("", ""))
	o.sample()
	source.Set(samplertest.Password("", ""), nil)
	o.sample()
}

func TestServerDropsTheUserThatWas(t *testing.T) {
	server, o, source := rotating(t)
	server.Do("acl", "deluser", "metrics") // which closes its connections
	server.Do("acl", "setuser", "metrics", "on", ">two", "resetkeys", "-@all", "+info", "+echo", "+select", "+client|setname")
	source.Set(samplertest.Password("metrics", "two"), nil)
	o.sample()
}

func TestRotationOfCertificates(t *testing.T) {
	server, a := start(t, "--tls-auth-clients", "yes")
	cert, key := a.Issue(samplertest.Tomorrow())
	o, source := with(t, server.TLSAddr, samplertest.Trusting(t, a, cert, key))
	o.sample()
	t.Run("to one of another authority", func(t *testing.T) {
		cert, key := redistest.NewAuthority(t).Issue(samplertest.Tomorrow())
		source.Set(samplertest.Trusting(t, a, cert, key), nil)
		if why := o.notRenewed(); why != reason.ClientCertificateRefused && why != reason.TLSHandshakeFailed {
			t.Errorf("it says %q", why)
		}
	})
	t.Run("to a good one", func(t *testing.T) {
		before := o.server.link
		source.Set(samplertest.Trusting(t, a, cert, key), nil)
		if why := o.notRenewed(); why != "" || o.server.link == before {
			t.Errorf("it was not renewed: %s", why)
		}
	})
	t.Run("to an authority that did not sign the server's", func(t *testing.T) {
		source.Set(samplertest.Trusting(t, redistest.NewAuthority(t), cert, key), nil)
		if why := o.notRenewed(); why != reason.ServerCertificateUntrusted {
			t.Errorf("it says %q", why)
		}
	})
}

func TestNoErrorTellsThePassword(t *testing.T) {
	const secret = "sesame-open"
	echo := samplertest.NewStub(t, func(command []string) string {
		return "-ERR unknown command, with args beginning with: " + strings.Join(command, " ") + "\r\n"
	})
	o, _ := with(t, echo.Addr, samplertest.Password("metrics", secret))
	_, err := o.attempt(t.Context())
	var known *reason.Error
	if !errors.As(err, &known) || strings.Contains(err.Error()+known.Advice(), secret) {
		t.Errorf("the error is %v", err)
	}
}
