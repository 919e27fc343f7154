package egress

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Range is a set of addresses, and a port of theirs.
type Range struct {
	Prefix netip.Prefix
	// Port is 0 for all ports.
	Port uint16
}

// ParseRange reads a CIDR, or CIDR:port. Its error says what to write instead.
func ParseRange(text string) (Range, error) {
	address, rest, _ := strings.Cut(text, "/")
	bits, portText, withPort := strings.Cut(rest, ":")
	prefix, err := netip.ParsePrefix(address + "/" + bits)
	if err != nil {
		return Range{}, fmt.Errorf("%q is no network: write CIDR or CIDR:port, such as 10.0.0.0/8:6379, fd00::/8 or 10.1.2.3/32", text)
	}
	if prefix.Addr().Is4In6() {
		return Range{}, fmt.Errorf("%q is IPv4 in the form of IPv6: write it as IPv4", text)
	}
	if prefix != prefix.Masked() {
		return Range{}, fmt.Errorf("%q has bits set past its prefix: write %s", text, prefix.Masked())
	}
	found := Range{Prefix: prefix}
	if withPort {
		port, err := strconv.ParseUint(portText, 10, 16)
		if err != nil || port == 0 {
			return Range{}, fmt.Errorf("%q has a port that is none: write one from 1 to 65535 after the colon, or no colon for all ports", text)
		}
		found.Port = uint16(port)
	}
	if slices.ContainsFunc(neverDialed(), func(never netip.Prefix) bool { return covers(never, prefix) }) && !found.Loopback() {
		return Range{}, fmt.Errorf("%q is never dialed, whatever the list says: leave it out", text)
	}
	return found, nil
}

// Loopback tells whether the range holds no address but this machine's own.
func (r Range) Loopback() bool {
	return covers(netip.MustParsePrefix("127.0.0.0/8"), r.Prefix) || covers(netip.MustParsePrefix("::1/128"), r.Prefix)
}

func covers(outer, inner netip.Prefix) bool {
	return outer.Bits() <= inner.Bits() && outer.Contains(inner.Addr())
}

func within(prefixes []netip.Prefix, addr netip.Addr) bool {
	return slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// neverDialed lists what no Redis is at. Loopback has a rule of its own.
// Source: https://www.iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry.
// 240.0.0.0/4 is not among them: clusters give it to pods.
func neverDialed() []netip.Prefix {
	var all []netip.Prefix
	for _, text := range []string{
		"0.0.0.0/8", // this network; Linux takes 0.0.0.0 for itself
		"169.254.0.0/16",
		"224.0.0.0/4",
		"255.255.255.255/32",
		"::/96", // unspecified, and the IPv4-compatible form that nothing uses any more
		"fe80::/10",
		"ff00::/8",
		// Where an instance reads its credentials, as far as that is not link-local.
		"fd00:ec2::/32",      // AWS: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
		"fd20:ce::254/128",   // Google Cloud: https://docs.cloud.google.com/compute/docs/metadata/querying-metadata
		"168.63.129.16/32",   // Azure: https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
		"100.100.100.200/32", // Alibaba Cloud: https://www.alibabacloud.com/help/ecs/user-guide/view-instance-metadata
	} {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

// plain returns an address without its zone, and an IPv4 address in its own form.
func plain(addr netip.Addr) netip.Addr {
	return addr.Unmap().WithZone("")
}

// judgedAs returns the address that is connected to, and the IPv4 address to
// which a gateway may translate it, if any.
func judgedAs(addr netip.Addr) []netip.Addr {
	addr = plain(addr)
	judged := []netip.Addr{addr}
	raw := addr.As16()
	switch {
	case netip.MustParsePrefix("64:ff9b::/96").Contains(addr): // NAT64, RFC 6052
		judged = append(judged, netip.AddrFrom4([4]byte(raw[12:16])))
	case netip.MustParsePrefix("2002::/16").Contains(addr): // 6to4, RFC 3056
		judged = append(judged, netip.AddrFrom4([4]byte(raw[2:6])))
	}
	return judged
}
