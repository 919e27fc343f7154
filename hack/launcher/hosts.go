package launcher

import (
	"fmt"
	"os"
)

// Hosts is a file for /etc/hosts with one name beside localhost that is at one of nine addresses of this machine, and others
// that stay at the first.
type Hosts struct {
	path  string
	digit int64
}

// firstHosts come before the name, up to the last digit of its address.
const firstHosts = "127.0.0.1 localhost\n::1 localhost\n127.0.0."

// NewHosts makes a file in which a name, and those that stay, are at 127.0.0.1.
func NewHosts(path, name string, stay ...string) (*Hosts, error) {
	text := firstHosts + "1 " + name + "\n"
	for _, each := range stay {
		text += "127.0.0.1 " + each + "\n"
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		return nil, fmt.Errorf("make a hosts file: %w", err)
	}
	return &Hosts{path: path, digit: int64(len(firstHosts))}, nil
}

// Point lets the name be at 127.0.0.n, where n is 1 to 9. The file remains the same that is mounted elsewhere, and one
// byte of it changes, so that nobody reads half of it.
func (h *Hosts) Point(n int) error {
	file, err := os.OpenFile(h.path, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("change the hosts file: %w", err)
	}
	if _, err := file.WriteAt([]byte{'0' + byte(n)}, h.digit); err != nil {
		_ = file.Close()
		return fmt.Errorf("change the hosts file: %w", err)
	}
	return file.Close()
}
