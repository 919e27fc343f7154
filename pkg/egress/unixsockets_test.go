package egress

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"testing"
)

// TestSockets dials what is listened at, and what only leads there.
func TestSockets(t *testing.T) {
	root := t.TempDir()
	allowed, other := filepath.Join(root, "redis"), filepath.Join(root, "containerd")
	for _, dir := range []string{allowed, other, filepath.Join(allowed, "cart"), allowed + "-other"} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		listener, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", filepath.Join(dir, "a.sock"))
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
	}
	linked := filepath.Join(root, "linked")
	for from, to := range map[string]string{
		filepath.Join(allowed, "good.sock"): filepath.Join(allowed, "a.sock"),
		filepath.Join(allowed, "bad.sock"):  filepath.Join(other, "a.sock"),
		filepath.Join(allowed, "away"):      other,
		linked:                              allowed,
	} {
		if err := os.Symlink(to, from); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		directories []string
		path        string
		want        error
	}{
		"by default":                   {nil, filepath.Join(allowed, "a.sock"), ErrRefused},
		"in the directory":             {[]string{allowed}, filepath.Join(allowed, "a.sock"), nil},
		"below it":                     {[]string{allowed}, filepath.Join(allowed, "cart", "a.sock"), nil},
		"one of several":               {[]string{other, allowed}, filepath.Join(allowed, "a.sock"), nil},
		"a link that stays":            {[]string{allowed}, filepath.Join(allowed, "good.sock"), nil},
		"a directory that is a link":   {[]string{linked}, filepath.Join(linked, "a.sock"), nil},
		"a link that leads away":       {[]string{allowed}, filepath.Join(allowed, "bad.sock"), ErrRefused},
		"a directory that leads away":  {[]string{allowed}, filepath.Join(allowed, "away", "a.sock"), ErrRefused},
		"a path that leads away":       {[]string{allowed}, allowed + "/../containerd/a.sock", ErrRefused},
		"another directory":            {[]string{allowed}, filepath.Join(other, "a.sock"), ErrRefused},
		"a directory that begins so":   {[]string{allowed}, filepath.Join(allowed+"-other", "a.sock"), ErrRefused},
		"the directory itself":         {[]string{allowed}, allowed, ErrRefused},
		"a relative path":              {[]string{allowed}, "a.sock", ErrRefused},
		"an abstract socket":           {[]string{allowed}, "@" + allowed + "/a.sock", ErrRefused},
		"a directory that is not here": {[]string{filepath.Join(root, "none")}, filepath.Join(root, "none", "a.sock"), ErrRefused},
		"a socket that is not here":    {[]string{allowed}, filepath.Join(allowed, "none.sock"), fs.ErrNotExist},
	} {
		t.Run(name, func(t *testing.T) {
			policy, err := New(Config{SocketDirectories: test.directories})
			if err != nil {
				t.Fatal(err)
			}
			dialer := net.Dialer{ControlContext: policy.Control}
			conn, err := dialer.DialContext(t.Context(), "unix", test.path)
			if err == nil {
				conn.Close()
			}
			if !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
				t.Errorf("the dial gave %v, want %v", err, test.want)
			}
		})
	}
	only, err := New(Config{SocketDirectories: []string{allowed}})
	if err != nil {
		t.Fatal(err)
	}
	for _, network := range []string{"unixgram", "unixpacket", "udp"} {
		if err := only.Control(t.Context(), network, filepath.Join(allowed, "a.sock"), nil); !errors.Is(err, ErrRefused) {
			t.Errorf("%s gave %v, want that it is refused", network, err)
		}
	}
}

func TestCheckSocketDirectory(t *testing.T) {
	if err := CheckSocketDirectory("/var/run/redis"); err != nil {
		t.Error(err)
	}
	for dir, want := range map[string]string{
		"run/redis":   `"run/redis" is not an absolute path: write a directory such as /var/run/redis`,
		"":            `"" is not an absolute path: write a directory such as /var/run/redis`,
		"/":           `"/" holds every socket of the machine: write the directory that holds those of Redis, such as /var/run/redis`,
		"//":          `"//" holds every socket of the machine: write the directory that holds those of Redis, such as /var/run/redis`,
		"/run/redis/": `"/run/redis/" is written in a roundabout way: write /run/redis`,
		"/run/..":     `"/run/.." holds every socket of the machine: write the directory that holds those of Redis, such as /var/run/redis`,
	} {
		if err := CheckSocketDirectory(dir); err == nil || err.Error() != want {
			t.Errorf("%q gives %v, want %s", dir, err, want)
		}
	}
}
