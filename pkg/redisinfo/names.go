package redisinfo

import (
	"errors"
	"strings"
)

// MaxName is how many bytes a name may have that a server tells: of a command, an
// error, a database, a version or itself.
const MaxName = 64

// ErrName says that a name is neither shown nor compared: it has more than
// MaxName bytes, or others than the printable ones of ASCII.
var ErrName = errors.New("the server tells a name of more than 64 bytes, or of others than printable ASCII")

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

// cutMark ends the key that stands for one that is too long or not printable. No
// other key ends so, since it is not of ASCII.
const cutMark = "…"

// isCut reports whether a key stands for one that is too long or not printable.
func isCut(key string) bool { return strings.HasSuffix(key, cutMark) }

// keyText returns a key as it is kept. What follows the prefix of a record is a
// name; so is any other key.
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

// Name returns the value of a field that is a name. It fails with ErrName for any
// other value.
func (i *Info) Name(key string) (string, error) {
	text, err := i.Text(key)
	if err == nil && !IsName(text) {
		return "", fieldError{key, ErrName}
	}
	return text, err
}
