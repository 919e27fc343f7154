package cluster

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// tailBytes bounds what LogTail reads.
const tailBytes = 32 << 10

// LogTail returns the last lines that the program printed.
func (p *Process) LogTail(lines int) string {
	text, err := readEnd(p.logPath, tailBytes)
	if err != nil {
		return fmt.Sprintf("(no log: %v)", err)
	}
	all := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

func readEnd(path string, limit int64) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return "", err
	}
	start := max(0, info.Size()-limit)
	end, err := io.ReadAll(io.NewSectionReader(file, start, info.Size()-start))
	return string(end), err
}
