package connection

import "strings"

// MaxHostBytes bounds a host that a server names, as DNS does.
const MaxHostBytes = 253

// IsHost reports whether what a server names can be a host.
func IsHost(text string) bool {
	return text != "" && len(text) <= MaxHostBytes && !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' })
}
