package status

import (
	"strings"
	"unicode"
)

// maxMessage bounds the message of a condition or an Event, in bytes, so that names
// that servers and authors choose cannot fill etcd and logs.
const maxMessage = 1024

// ellipsis ends a text that was cut.
const ellipsis = "..."

// message returns a text in the form in which conditions and Events show it. All texts
// pass through it before they are first shown.
func message(text string) string {
	if shown := printable(text, len(text)); len(shown) <= maxMessage {
		return shown
	}
	return printable(text, maxMessage-len(ellipsis)) + ellipsis
}

// printable makes a server's text fit for a field of status.
func printable(text string, length int) string {
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, text)
	if len(text) <= length {
		return text
	}
	return strings.ToValidUTF8(text[:length], "")
}
