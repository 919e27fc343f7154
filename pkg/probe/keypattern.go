package probe

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// keyPattern is what a probe of many keys measures.
type keyPattern struct {
	glob string
	// kind is the type of the keys that count, as SCAN names it, empty for all types.
	kind string
	// limit is how many keys may match.
	limit int
	// asks is how many commands ask makes for a key, 0 if each key counts 1.
	asks int
	ask  func(key string) []Command
	// read makes a number from the replies to the commands of one key.
	read func(k *keyPattern, replies []any) (float64, error)
}

// KeysCount measures how many keys match a glob pattern, only keys of a type if kind
// names one as SCAN does. More keys than limit are an error.
func KeysCount(glob, kind string, limit int) *Probe {
	return ofKeys(&keyPattern{glob: glob, kind: kind, limit: limit})
}

// KeysLength measures the sum of the lengths of all keys of a type that match a
// glob pattern: list, set, zset, hash or stream. It returns nil for another type.
func KeysLength(glob, kind string, limit int) *Probe {
	name, ok := map[string]string{"list": "llen", "set": "scard", "zset": "zcard", "hash": "hlen", "stream": "xlen"}[kind]
	if !ok {
		return nil
	}
	return ofKeys(&keyPattern{
		glob: glob, kind: kind, limit: limit, asks: 1,
		ask: func(key string) []Command { return []Command{{name, key}} },
		read: func(k *keyPattern, replies []any) (float64, error) {
			if err := k.refused(replies[0], name); err != nil {
				return 0, err
			}
			r, err := integer(replies[0])
			return r.Value, err
		},
	})
}

// KeysValue measures the sum of the numbers in strings whose keys match a glob pattern.
// Unless kind is "string", a key of another type is an error.
func KeysValue(glob, kind string, limit int) *Probe {
	return ofKeys(&keyPattern{
		glob: glob, kind: kind, limit: limit, asks: 2,
		// For GETRANGE, a missing key is an empty string.
		ask: func(key string) []Command {
			return []Command{{"getrange", key, "0", strconv.Itoa(maxNumber - 1)}, {"exists", key}}
		},
		read: numberOrGone,
	})
}

// numberOrGone reads the number in a string, 0 if the key no longer exists.
func numberOrGone(k *keyPattern, replies []any) (float64, error) {
	if err := cmp.Or(k.refused(replies[0], "getrange"), k.refused(replies[1], "exists")); err != nil {
		return 0, err
	}
	text, okText := replies[0].(string)
	exists, okExists := replies[1].(int64)
	n, ok := number(text)
	switch {
	case !okText || !okExists:
		return 0, errShape
	case text == "" && exists == 0:
		return 0, nil
	case !ok:
		return 0, fmt.Errorf("a key that matches %q holds no number", k.glob)
	case n < 0:
		return 0, fmt.Errorf("a key that matches %q holds a negative number", k.glob)
	}
	return n, nil
}

func ofKeys(k *keyPattern) *Probe {
	return &Probe{
		Kind: Pass, keys: k,
		Unbounded: true, // names of keys may be long
	}
}

// scan returns the command that finds some of the keys.
func (k *keyPattern) scan(cursor uint64, count int) Command {
	command := Command{"scan", strconv.FormatUint(cursor, 10), "match", k.glob, "count", strconv.Itoa(count)}
	if k.kind != "" {
		command = append(command, "type", k.kind)
	}
	return command
}

// refused returns why the server answered with an error, nil if it did not. It names
// the pattern, not the key: the object's author did not write the key's name, which may
// be secret.
func (k *keyPattern) refused(reply any, command string) error {
	err, ok := reply.(error)
	if !ok {
		return nil
	}
	kind := k.kind
	if kind == "" {
		kind = "string"
	}
	switch text := err.Error(); {
	case strings.HasPrefix(text, "WRONGTYPE"):
		return fmt.Errorf("a key that matches %q is of another type: it must be a %s; type: %s leaves the others out", k.glob, kind, kind)
	case command == "scan" && k.kind != "" && strings.HasPrefix(text, "ERR syntax error"):
		return errors.New("the server does not take a type in SCAN: Redis 6.0 and newer do")
	}
	return refusal(reply, subject{command: command})
}

// scanned reads the reply to SCAN: the next cursor, 0 at the end, and keys.
func scanned(reply any) (cursor uint64, keys []any, err error) {
	pair, ok := reply.([]any)
	if !ok || len(pair) != 2 {
		return 0, nil, errShape
	}
	text, okText := pair[0].(string)
	keys, okKeys := pair[1].([]any)
	cursor, err = strconv.ParseUint(text, 10, 64)
	if !okText || !okKeys || err != nil {
		return 0, nil, errShape
	}
	return cursor, keys, nil
}
