package egress

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// ErrRefused is in the error of each dial that a Policy refused. Its text names no address.
var ErrRefused = errors.New("the address policy refuses this address")

// Config says what may be dialed beyond the rules that always hold.
type Config struct {
	// AllowLoopback admits the addresses of this machine.
	AllowLoopback bool
	// Allowed is the whole list of what may be dialed; empty admits whatever is not refused.
	Allowed []Range
	// SocketDirectories are those in which Unix sockets may be dialed, as CheckSocketDirectory takes them.
	SocketDirectories []string
	// APIServers are the places, as host:port, where the API server is reached.
	APIServers []string
	// Resolver resolves names among APIServers. Default: net.DefaultResolver.
	Resolver Resolver
}

// Resolver looks up the addresses of a name. It is a *net.Resolver but in tests.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Policy says which addresses may be dialed.
type Policy struct {
	cfg        Config
	never      []netip.Prefix
	apiServers []endpoint
}

// endpoint is a place of the API server. addr is not valid if host is a name.
type endpoint struct {
	host string
	addr netip.Addr
	port uint16
}

// New returns a Policy. It fails on what is not a host:port among cfg.APIServers, and resolves nothing.
func New(cfg Config) (*Policy, error) {
	if cfg.Resolver == nil {
		cfg.Resolver = net.DefaultResolver
	}
	p := &Policy{cfg: cfg, never: neverDialed()}
	for _, place := range cfg.APIServers {
		host, portText, err := net.SplitHostPort(place)
		if err != nil {
			return nil, fmt.Errorf("where the API server is: %w", err)
		}
		port, err := strconv.ParseUint(portText, 10, 16)
		if err != nil {
			return nil, fmt.Errorf("where the API server is: port %q: %w", portText, err)
		}
		one := endpoint{host: host, port: uint16(port)}
		if addr, err := netip.ParseAddr(host); err == nil {
			one.addr = canonical(addr)
		}
		p.apiServers = append(p.apiServers, one)
	}
	return p, nil
}

// Control is the ControlContext of a net.Dialer. It returns an error that is
// ErrRefused for an address that must not be dialed.
func (p *Policy) Control(ctx context.Context, network, address string, _ syscall.RawConn) error {
	if network == "unix" {
		return p.controlSocket(address)
	}
	to, err := netip.ParseAddrPort(address)
	if err != nil || !strings.HasPrefix(network, "tcp") {
		return ErrRefused
	}
	judged := effectiveAddrs(to.Addr())
	if !p.allows(judged[0], to.Port()) {
		return ErrRefused
	}
	for _, addr := range judged {
		if err := p.refuses(ctx, addr, to.Port()); err != nil {
			return err
		}
	}
	return nil
}

func (p *Policy) allows(addr netip.Addr, port uint16) bool {
	return len(p.cfg.Allowed) == 0 || slices.ContainsFunc(p.cfg.Allowed, func(r Range) bool {
		return r.Prefix.Contains(addr) && (r.Port == 0 || r.Port == port)
	})
}

// refuses returns ErrRefused for what no list can admit.
func (p *Policy) refuses(ctx context.Context, addr netip.Addr, port uint16) error {
	never := slices.ContainsFunc(p.never, func(prefix netip.Prefix) bool { return prefix.Contains(addr) })
	if addr.IsLoopback() {
		never = !p.cfg.AllowLoopback
	}
	if never {
		return ErrRefused
	}
	for _, one := range p.apiServers {
		if one.port != port {
			continue
		}
		if is, err := p.is(ctx, one, addr); err != nil || is {
			// Whether it is the API server is not known after an error.
			return errors.Join(ErrRefused, err)
		}
	}
	return nil
}

// is reports whether an address is that of the API server. A name is resolved each
// time, because its addresses change, which costs only those who dial its port.
func (p *Policy) is(ctx context.Context, one endpoint, addr netip.Addr) (bool, error) {
	if one.addr.IsValid() {
		return one.addr == addr, nil
	}
	found, err := p.cfg.Resolver.LookupNetIP(ctx, "ip", one.host)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(found, func(other netip.Addr) bool { return canonical(other) == addr }), nil
}
