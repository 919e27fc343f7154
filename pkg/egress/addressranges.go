package egress

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Range is a set of addresses, and a port.
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
		return Range{}, fmt.Errorf("%q is not a network: write CIDR or CIDR:port, such as 10.0.0.0/8:6379, fd00::/8 or 10.1.2.3/32", text)
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
			return Range{}, fmt.Errorf("%q has an invalid port: use 1-65535, or omit it for all ports", text)
		}
		found.Port = uint16(port)
	}
	if slices.ContainsFunc(neverDialed(), func(never netip.Prefix) bool { return covers(never, prefix) }) && !found.Loopback() {
		return Range{}, fmt.Errorf("%q is never dialed, whatever the list says: leave it out", text)
	}
	return found, nil
}

// Loopback reports whether the range contains only addresses of this machine.
func (r Range) Loopback() bool {
	return covers(netip.MustParsePrefix("127.0.0.0/8"), r.Prefix) || covers(netip.MustParsePrefix("::1/128"), r.Prefix)
}

func covers(outer, inner netip.Prefix) bool {
	return outer.Bits() <= inner.Bits() && outer.Contains(inner.Addr())
}

// neverDialed returns the networks where no Redis is. Loopback has a separate rule.
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
		// Where instances read their credentials, other than link-local addresses.
		"fd00:ec2::/32",          // AWS: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
		"fd20:ce::254/128",       // Google Cloud: https://docs.cloud.google.com/compute/docs/metadata/querying-metadata
		"168.63.129.16/32",       // Azure: https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
		"100.100.100.200/32",     // Alibaba Cloud: https://www.alibabacloud.com/help/ecs/user-guide/view-instance-metadata
		"fd00:100::100:200/128",  // Alibaba Cloud, by IPv6: https://github.com/canonical/cloud-init, cloudinit/sources/DataSourceAliYun.py
		"fd00:c1::a9fe:a9fe/128", // Oracle Cloud: https://github.com/canonical/cloud-init, cloudinit/sources/DataSourceOracle.py
		"192.0.0.192/32",         // Oracle Cloud at Customer: https://docs.oracle.com/en/cloud/cloud-at-customer/occ-get-started/retrieve-predefined-instance-metadata.html
		"fd00:a9fe:a9fe::1/128",  // Akamai, Linode: https://techdocs.akamai.com/cloud-computing/docs/metadata-service-api
		"fd00:42::42/128",        // Scaleway: https://docs.cloud-init.io/en/latest/reference/datasources/scaleway.html
	} {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

// canonical returns an address without its zone, and an IPv4-mapped address as IPv4.
func canonical(addr netip.Addr) netip.Addr {
	return addr.Unmap().WithZone("")
}

// The forms of IPv6 address that hold an IPv4 address at known places.
var (
	wellKnownNAT64 = netip.MustParsePrefix("64:ff9b::/96")    // RFC 6052
	localNAT64     = netip.MustParsePrefix("64:ff9b:1::/48")  // RFC 8215: where networks have NAT64 prefixes of their own
	ipv4Translated = netip.MustParsePrefix("::ffff:0:0:0/96") // RFC 2765
	sixToFour      = netip.MustParsePrefix("2002::/16")       // RFC 3056
	teredo         = netip.MustParsePrefix("2001::/32")       // RFC 4380
)

// effectiveAddrs returns the address itself, and the IPv4 addresses to which a gateway
// or the kernel may forward its traffic.
func effectiveAddrs(addr netip.Addr) []netip.Addr {
	addr = canonical(addr)
	judged := []netip.Addr{addr}
	if addr.Is4() {
		return judged
	}
	raw := addr.As16()
	embedded := func(at [4]int) netip.Addr {
		return netip.AddrFrom4([4]byte{raw[at[0]], raw[at[1]], raw[at[2]], raw[at[3]]})
	}
	last := [4]int{12, 13, 14, 15}
	switch {
	case wellKnownNAT64.Contains(addr), ipv4Translated.Contains(addr):
		judged = append(judged, embedded(last))
	case sixToFour.Contains(addr):
		judged = append(judged, embedded([4]int{2, 3, 4, 5}))
	case teredo.Contains(addr): // its server, and its client with each bit turned over
		judged = append(judged, embedded([4]int{4, 5, 6, 7}), netip.AddrFrom4([4]byte{^raw[12], ^raw[13], ^raw[14], ^raw[15]}))
	case localNAT64.Contains(addr):
		// The network's prefix has one of four lengths, and each puts the IPv4 address
		// elsewhere (RFC 6052, section 2.2). No gateway sends to 0.0.0.0/8, so such an
		// address rules out a length.
		for _, at := range [][4]int{{6, 7, 9, 10}, {7, 9, 10, 11}, {9, 10, 11, 12}, last} {
			if raw[at[0]] != 0 {
				judged = append(judged, embedded(at))
			}
		}
	}
	// ISATAP, in any network: RFC 5214, section 6.1.
	if raw[8]&^0x02 == 0 && raw[9] == 0 && raw[10] == 0x5e && raw[11] == 0xfe {
		judged = append(judged, embedded(last))
	}
	return judged
}
