package connection

import "strings"

// MaxHostBytes is the longest host that a server may announce, as in DNS.
const MaxHostBytes = 253

// IsHost reports whether a text that a server announces can be a host.
func IsHost(text string) bool {
	return text != "" && len(text) <= MaxHostBytes && !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' })
}
