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

// Loopback reports whether the range holds no address but this machine's own.
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

// canonical returns an address without its zone, and an IPv4 address in its own form.
func canonical(addr netip.Addr) netip.Addr {
	return addr.Unmap().WithZone("")
}

// effectiveAddrs returns the address that is connected to, and the IPv4 addresses to
// which a gateway or the kernel may send what goes there.
func effectiveAddrs(addr netip.Addr) []netip.Addr {
	addr = canonical(addr)
	judged := []netip.Addr{addr}
	if addr.Is4() {
		return judged
	}
	raw := addr.As16()
	for _, form := range embeddings() {
		if form.holds(raw) {
			judged = append(judged, form.embedded(raw))
		}
	}
	if localNAT64.Contains(addr) {
		judged = append(judged, locallyTranslated(raw)...)
	}
	return judged
}

// embedding is a form of IPv6 address that holds an IPv4 address.
type embedding struct {
	from   int    // byte at which the form is known
	marks  []byte // bytes from there on
	ignore byte   // bits of the first of them that may differ
	at     int    // byte at which the IPv4 address begins
	invert bool   // each of its bits is turned over
}

func embeddings() []embedding {
	return []embedding{
		{marks: []byte{0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0}, at: 12}, // NAT64: RFC 6052, 64:ff9b::/96
		{marks: []byte{0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0}, at: 12},    // IPv4-translated: RFC 2765, ::ffff:0:0:0/96
		{marks: []byte{0x20, 0x02}, at: 2},                                   // 6to4: RFC 3056, 2002::/16
		{marks: []byte{0x20, 0x01, 0, 0}, at: 4},                             // Teredo: RFC 4380, its server
		{marks: []byte{0x20, 0x01, 0, 0}, at: 12, invert: true},              // Teredo, its client
		{from: 8, marks: []byte{0, 0, 0x5e, 0xfe}, ignore: 0x02, at: 12},     // ISATAP: RFC 5214, section 6.1, in any network
	}
}

func (e embedding) holds(raw [16]byte) bool {
	for i, mark := range e.marks {
		found := raw[e.from+i]
		if i == 0 {
			found &^= e.ignore
		}
		if found != mark {
			return false
		}
	}
	return true
}

func (e embedding) embedded(raw [16]byte) netip.Addr {
	v4 := [4]byte(raw[e.at : e.at+4])
	if e.invert {
		for i := range v4 {
			v4[i] ^= 0xff
		}
	}
	return netip.AddrFrom4(v4)
}

// localNAT64 is where networks have NAT64 prefixes of their own: RFC 8215.
var localNAT64 = netip.MustParsePrefix("64:ff9b:1::/48")

// locallyTranslated returns what an address in localNAT64 may stand for: its
// network's prefix has one of four lengths, and each puts the IPv4 address
// elsewhere (RFC 6052, section 2.2). An address of this network
// (0.0.0.0/8), which no gateway sends to, shows that the length is another.
func locallyTranslated(raw [16]byte) []netip.Addr {
	var found []netip.Addr
	for _, at := range [][4]int{{6, 7, 9, 10}, {7, 9, 10, 11}, {9, 10, 11, 12}, {12, 13, 14, 15}} {
		if raw[at[0]] != 0 {
			found = append(found, netip.AddrFrom4([4]byte{raw[at[0]], raw[at[1]], raw[at[2]], raw[at[3]]}))
		}
	}
	return found
}
