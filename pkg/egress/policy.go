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

// ErrRefused is wrapped by the error of each refused dial. Its text names no address.
var ErrRefused = errors.New("the address policy refuses this address")

// Config says what may be dialed beyond the rules that always hold.
type Config struct {
	// AllowLoopback admits the addresses of this machine.
	AllowLoopback bool
	// Allowed lists all that may be dialed. If empty, whatever is not refused may be dialed.
	Allowed []Range
	// SocketDirectories are the directories in which Unix sockets may be dialed. CheckSocketDirectory
	// accepts each.
	SocketDirectories []string
	// APIServers are the addresses of the API server, as host:port.
	APIServers []string
	// Resolver resolves names among APIServers. Default: net.DefaultResolver.
	Resolver Resolver
}

// Resolver looks up the addresses of a name. *net.Resolver implements it.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Policy says which addresses may be dialed.
type Policy struct {
	cfg        Config
	never      []netip.Prefix
	apiServers []endpoint
}

// endpoint is an address of the API server. addr is not valid if host is a name.
type endpoint struct {
	host string
	addr netip.Addr
	port uint16
}

// New returns a Policy. It fails if one of cfg.APIServers is not a host:port. It resolves no name.
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

// refuses returns ErrRefused for addresses that no list can admit.
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
			// After an error, it may be the API server.
			return errors.Join(ErrRefused, err)
		}
	}
	return nil
}

// is reports whether an address belongs to the API server. A name is resolved each
// time, because its addresses change. That costs only dials to its port.
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
