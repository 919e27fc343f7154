package redistest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// longest bounds the number of words of a command, and the bytes of each.
const longest = 1 << 20

// ReadCommand reads a client's command, for tests that imitate a server. The command's
// name is returned in lower case.
func ReadCommand(in *bufio.Reader) ([]string, error) {
	count, err := readLength(in, '*')
	if err != nil {
		return nil, err
	}
	if count == 0 {
		return nil, errors.New("the command is empty")
	}
	command := make([]string, count)
	for i := range command {
		size, err := readLength(in, '$')
		if err != nil {
			return nil, err
		}
		word := make([]byte, size+len("\r\n"))
		if _, err := io.ReadFull(in, word); err != nil {
			return nil, err
		}
		command[i] = string(word[:size])
	}
	command[0] = strings.ToLower(command[0])
	return command, nil
}

func readLength(in *bufio.Reader, kind byte) (int, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return 0, err
	}
	length, err := strconv.Atoi(strings.TrimSpace(line[1:]))
	if err != nil || line[0] != kind || length < 0 || length > longest {
		return 0, fmt.Errorf("%q is not a length", line)
	}
	return length, nil
}

// Bulk encodes a text as a bulk string.
func Bulk(text string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(text), text) }
