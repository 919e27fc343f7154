package sampler

import "strings"

// maxHost is how many bytes a host may have that a server names, as in DNS.
const maxHost = 253

// isHost reports whether what a server names can be a host.
func isHost(text string) bool {
	return text != "" && len(text) <= maxHost && !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' })
}
