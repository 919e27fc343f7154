package redisinfo

import (
	"errors"
	"strings"
)

// MaxName is how many bytes a name that a server reports may have: of a command, an
// error, a database, a version or the server itself.
const MaxName = 64

// ErrName means that a name is neither shown nor compared, because it is longer than
// MaxName or not printable ASCII.
var ErrName = errors.New("the server reports a name that is longer than 64 bytes or not printable ASCII")

// IsName reports whether a text may be shown and compared as a name.
func IsName(text string) bool {
	return text != "" && isPrintable(text, MaxName)
}

func isPrintable[T string | []byte](text T, most int) bool {
	if len(text) > most {
		return false
	}
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// cutMark ends a key that replaces one that is too long or not printable. No other key
// ends with it, because it is not ASCII.
const cutMark = "…"

// isCut reports whether a key replaces one that is too long or not printable.
func isCut(key string) bool { return strings.HasSuffix(key, cutMark) }

// keyText returns the form in which a key is kept. It checks the name after the prefix
// of a record, or else the whole key.
func keyText(key []byte) string {
	most := MaxName
	for _, prefix := range [...]string{"cmdstat_", "errorstat_", "latency_percentiles_usec_"} {
		if len(key) > len(prefix) && string(key[:len(prefix)]) == prefix {
			most += len(prefix)
			break
		}
	}
	if isPrintable(key, most) {
		return string(key)
	}
	cut := []byte(string(key[:min(len(key), most)]))
	for i, c := range cut {
		if c < ' ' || c > '~' {
			cut[i] = '?'
		}
	}
	return string(cut) + cutMark
}

// Name returns the value of a field that is a name. It fails with ErrName if the value
// is not one.
func (i *Info) Name(key string) (string, error) {
	text, err := i.Text(key)
	if err == nil && !IsName(text) {
		return "", fieldError{key, ErrName}
	}
	return text, err
}
