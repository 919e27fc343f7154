package egress

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func policy(t *testing.T, cfg Config) *Policy {
	t.Helper()
	p, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func ranges(t *testing.T, texts ...string) []Range {
	t.Helper()
	var all []Range
	for _, text := range texts {
		one, err := ParseRange(text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	return all
}

func check(t *testing.T, p *Policy, network, address string, dialed bool) {
	t.Helper()
	switch err := p.Control(t.Context(), network, address, nil); {
	case err == nil != dialed:
		t.Errorf("%s %s: %v, want dialed %t", network, address, err, dialed)
	case err != nil && !errors.Is(err, ErrRefused):
		t.Errorf("%s %s: %v, want ErrRefused", network, address, err)
	}
}

func TestAddresses(t *testing.T) {
	const never, local, always = 0, 1, 2 // local: only with AllowLoopback
	for address, when := range map[string]int{
		"10.0.0.1:6379":                   always,
		"192.0.2.1:6379":                  always,
		"100.64.0.1:6379":                 always,
		"240.0.0.1:6379":                  always, // pods of some clusters
		"[fd00::1]:6379":                  always,
		"[2001:db8::1]:6379":              always,
		"[::ffff:10.0.0.1]:6379":          always,
		"[64:ff9b::10.0.0.1]:6379":        always,
		"[2002:a00:1::1]:6379":            always,
		"127.0.0.1:6379":                  local,
		"127.255.255.254:6379":            local,
		"[::1]:6379":                      local,
		"[::1%lo]:6379":                   local,
		"[::ffff:127.0.0.1]:6379":         local,
		"[64:ff9b::127.0.0.1]:6379":       local,
		"169.254.169.254:80":              never,
		"169.254.0.1:6379":                never,
		"[::ffff:169.254.169.254]:80":     never,
		"[::ffff:169.254.169.254%eth0]:8": never,
		"[64:ff9b::a9fe:a9fe]:80":         never,
		"[2002:a9fe:a9fe::1]:80":          never,
		"[::169.254.169.254]:80":          never,
		"[fe80::1]:6379":                  never,
		"[fe80::1%eth0]:6379":             never,
		"[febf::1]:6379":                  never,
		"224.0.0.1:6379":                  never,
		"239.255.255.255:6379":            never,
		"[::ffff:224.0.0.1]:6379":         never,
		"[ff02::1]:6379":                  never,
		"[ff0e::1]:6379":                  never,
		"0.0.0.0:6379":                    never,
		"0.1.2.3:6379":                    never,
		"[::]:6379":                       never,
		"[::ffff:0.0.0.0]:6379":           never,
		"[2002::1]:6379":                  never,
		"255.255.255.255:6379":            never,
		"[::ffff:255.255.255.255]:6379":   never,
		"[fd00:ec2::254]:80":              never,
		"[fd20:ce::254]:80":               never,
		"168.63.129.16:80":                never,
		"100.100.100.200:80":              never,
		"[fd00:42::42]:80":                never,
		"[fd00:42::43]:6379":              always,
		"[fd00:a9fe:a9fe::1]:80":          never,
		"[fd00:a9fe:a9fe::2]:6379":        always,
		"[fd00:c1::a9fe:a9fe]:80":         never,
		"[fd00:100::100:200]:80":          never,
		"192.0.0.192:80":                  never,
		"192.0.0.193:6379":                always,
		"[64:ff9b:1::10.0.0.1]:6379":      always, // NAT64 of the network's own, prefix of 96 bits
		"[64:ff9b:1:5::10.0.0.1]:6379":    always,
		"[64:ff9b:1::169.254.169.254]:80": never,
		"[64:ff9b:1:5::a9fe:a9fe]:80":     never,
		"[64:ff9b:1::127.0.0.1]:6379":     local,
		"[64:ff9b:1:a00:0:100::]:6379":    always, // prefix of 48 bits: 10.0.0.1
		"[64:ff9b:1:a9fe:a9:fe00::]:80":   never,
		"[64:ff9b:1:a9fe:a9:fe00::1]:80":  never,
		"[64:ff9b:1:a9:fe:a9fe::]:80":     never,  // 56
		"[64:ff9b:1:0:a9:fea9:fe00:0]:80": never,  // 64
		"[2001:0:a00:1::f5ff:fffe]:6379":  always, // Teredo: server 10.0.0.1, client 10.0.0.1
		"[2001:0:a9fe:a9fe::f5ff:1]:80":   never,
		"[2001:0:a00:1::5601:5601]:80":    never,
		"[2001:db8:a9fe:a9fe::1]:6379":    always, // no Teredo
		"[fd00::5efe:10.0.0.1]:6379":      always, // ISATAP
		"[fd00::5efe:169.254.169.254]:80": never,
		"[fd00::200:5efe:a9fe:a9fe]:80":   never,
		"[fd00::100:5efe:a9fe:a9fe]:6379": always, // a group's address, no ISATAP
		"[fd00::200:5efe:7f00:1]:6379":    local,
		"[::ffff:0:10.0.0.1]:6379":        always, // IPv4-translated
		"[::ffff:0:169.254.169.254]:80":   never,
		"[::ffff:0:127.0.0.1]:6379":       local,
		"redis:6379":                      never,
		"10.0.0.1":                        never,
		"":                                never,
	} {
		check(t, policy(t, Config{}), "tcp", address, when == always)
		check(t, policy(t, Config{AllowLoopback: true}), "tcp4", address, when != never)
		everything := ranges(t, "0.0.0.0/0", "::/0")
		check(t, policy(t, Config{Allowed: everything}), "tcp6", address, when == always)
	}
}

func TestOtherNetworksAreRefused(t *testing.T) {
	p := policy(t, Config{AllowLoopback: true})
	check(t, p, "udp", "10.0.0.1:6379", false)
	check(t, p, "unix", "/run/redis.sock", false)
}

func TestAllowedIsTheWholeList(t *testing.T) {
	p := policy(t, Config{AllowLoopback: true, Allowed: ranges(t, "10.1.0.0/16:6379", "10.2.0.0/16", "fd00:1::/32:6380", "127.0.0.2/32")})
	for address, dialed := range map[string]bool{
		"10.1.2.3:6379":             true,
		"[::ffff:10.1.2.3]:6379":    true,
		"10.1.2.3:6380":             false,
		"10.2.2.3:1":                true,
		"10.3.2.3:6379":             false,
		"[64:ff9b::10.1.2.3]:6379":  false,
		"[fd00:1::1]:6380":          true,
		"[fd00:1::1]:6379":          false,
		"127.0.0.2:6379":            true,
		"127.0.0.1:6379":            false,
		"[2001:db8::10.1.2.3]:6379": false,
		"169.254.169.254:6379":      false,
	} {
		check(t, p, "tcp", address, dialed)
	}
}

// resolver answers with what it holds at the time.
type resolver struct {
	addrs []netip.Addr
	err   error
	asked int
}

func (r *resolver) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	r.asked++
	return r.addrs, r.err
}

func TestAPIServerIsRefused(t *testing.T) {
	names := &resolver{addrs: []netip.Addr{netip.MustParseAddr("::ffff:203.0.113.1")}}
	p := policy(t, Config{
		AllowLoopback: true, Allowed: ranges(t, "0.0.0.0/0", "::/0"), Resolver: names,
		APIServers: []string{"10.96.0.1:443", "[fd00::1]:443", "127.0.0.1:6443", "api.example:8443"},
	})
	for address, dialed := range map[string]bool{
		"10.96.0.1:443":            false,
		"[::ffff:10.96.0.1]:443":   false,
		"[64:ff9b::10.96.0.1]:443": false,
		"10.96.0.1:6379":           true,
		"[fd00:0::1]:443":          false,
		"[fd00::1%eth0]:443":       false,
		"127.0.0.1:6443":           false,
		"127.0.0.1:6379":           true,
	} {
		check(t, p, "tcp", address, dialed)
	}
	if names.asked != 0 {
		t.Errorf("a name was looked up %d times for other ports than the API server's", names.asked)
	}
	check(t, p, "tcp", "203.0.113.1:8443", false)
	check(t, p, "tcp", "203.0.113.2:8443", true)
	names.addrs = append(names.addrs, netip.MustParseAddr("203.0.113.2"))
	check(t, p, "tcp", "203.0.113.2:8443", false)
	names.addrs, names.err = nil, &net.DNSError{Err: "server misbehaving", Name: "api.example"}
	check(t, p, "tcp", "203.0.113.3:8443", false)
	check(t, p, "tcp", "203.0.113.3:6379", true)
}

func TestNewRefusesWhatIsNoHostAndPort(t *testing.T) {
	for _, place := range []string{"10.96.0.1", "api:https", "api:70000"} {
		if _, err := New(Config{APIServers: []string{place}}); err == nil {
			t.Errorf("%q is taken", place)
		}
	}
}

// TestRefusedDialReachesNobody dials a real listener, also by a name that only
// the dial's own look-up shows to be loopback.
func TestRefusedDialReachesNobody(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	var accepted atomic.Int32
	reached := make(chan struct{}, 1)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			accepted.Add(1)
			_ = conn.Close()
			reached <- struct{}{}
		}
	}()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	dial := func(p *Policy, host string) error {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		dialer := &net.Dialer{ControlContext: p.Control, Resolver: names(t, "harmless.example.")}
		conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(host, port))
		if err == nil {
			_ = conn.Close()
		}
		return err
	}
	for _, host := range []string{"127.0.0.1", "::ffff:127.0.0.1", "harmless.example."} {
		if err := dial(policy(t, Config{}), host); !errors.Is(err, ErrRefused) {
			t.Errorf("dialing %s: %v, want ErrRefused", host, err)
		}
	}
	if n := accepted.Load(); n != 0 {
		t.Errorf("%d connections were made", n)
	}
	if err := dial(policy(t, Config{AllowLoopback: true}), "harmless.example."); err != nil {
		t.Fatalf("the same name with AllowLoopback: %v", err)
	}
	<-reached
	if n := accepted.Load(); n != 1 {
		t.Errorf("%d connections were made, want the last alone", n)
	}
}

func TestErrorNamesNoAddress(t *testing.T) {
	err := policy(t, Config{}).Control(t.Context(), "tcp", "169.254.169.254:80", nil)
	if strings.Contains(err.Error(), "169") {
		t.Errorf("the error shows the address: %v", err)
	}
}
