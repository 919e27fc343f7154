package main

import (
	"bytes"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/pagetest"
)

// build makes the binary as the Dockerfile does.
func build(t *testing.T) string {
	t.Helper()
	bin := t.TempDir()
	// The -race or -cover of this test run must not reach the binary.
	cmd := exec.CommandContext(t.Context(), "make", "-C", "../..", "build", "BIN="+bin, "VERSION=v1.2.3-test")
	cmd.Env = append(os.Environ(), "MAKEFLAGS=", "MAKELEVEL=", "GOFLAGS=")
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("make build: %v\n%s", err, output)
	}
	return filepath.Join(bin, "redis-metrics-adapter")
}

func TestBinary(t *testing.T) {
	binary := build(t)
	run := func(args ...string) (stdout, stderr string, code int) {
		cmd := exec.CommandContext(t.Context(), binary, args...)
		cmd.Env = []string{}
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		_ = cmd.Run()
		return out.String(), errs.String(), cmd.ProcessState.ExitCode()
	}

	t.Run("version", func(t *testing.T) {
		stdout, stderr, code := run("--version")
		if stdout != "redis-metrics-adapter v1.2.3-test\n" || stderr != "" || code != 0 {
			t.Errorf("printed %q and %q, exit %d", stdout, stderr, code)
		}
	})
	t.Run("help", func(t *testing.T) {
		stdout, stderr, code := run("--help")
		if stderr != "" || code != 0 {
			t.Errorf("printed %q to stderr, exit %d", stderr, code)
		}
		pagetest.File(t, "testdata/help.golden", stdout)
	})
	for _, test := range []struct {
		name string
		args []string
		says string
	}{
		{"unknown flag", []string{"--speed=9"}, "unknown flag: --speed; --help lists the flags"},
		{"no namespace", []string{"--identity=a"}, "--namespace is required"},
		{"argument", []string{"serve"}, `unexpected argument "serve"`},
		{"half a pair", []string{"--namespace=a", "--tls-cert-file=a.crt"}, "--tls-cert-file and --tls-private-key-file go together"},
		{"port", []string{"--namespace=a", "--secure-port=65536"}, "--secure-port"},
		{"no kubeconfig", []string{"--namespace=a", "--kubeconfig=/none"}, "--kubeconfig: "},
		{"no network", []string{"--namespace=a", "--allow-addresses=10.0.0.0/8,redis:6379"}, `--allow-addresses: "redis:6379" is not a network: write CIDR`},
		{"loopback listed", []string{"--namespace=a", "--allow-addresses=127.0.0.1/32:6379"}, `--allow-addresses: "127.0.0.1/32:6379" is loopback: set --allow-loopback too`},
		{"sockets of the machine", []string{"--namespace=a", "--allow-unix-sockets=/var/run/redis,/"}, `--allow-unix-sockets: "/" holds every socket of the machine`},
		{"no Service to delegate to", []string{"--namespace=a", "--delegate-to=prometheus-adapter", "--delegate-ca-file=ca.crt"}, `--delegate-to: "prometheus-adapter" is not a Service: write NAMESPACE/SERVICE`},
		{"no port to delegate to", []string{"--namespace=a", "--delegate-to=monitoring/prometheus-adapter:", "--delegate-ca-file=ca.crt"}, `--delegate-to: "monitoring/prometheus-adapter:" is not a Service`},
		{"a port too high", []string{"--namespace=a", "--delegate-to=monitoring/prometheus-adapter:65536", "--delegate-ca-file=ca.crt"}, `--delegate-to: "monitoring/prometheus-adapter:65536" is not a Service`},
		{"delegates to itself", []string{"--namespace=a", "--delegate-to=a/redis-metrics-adapter:6443", "--delegate-ca-file=ca.crt"}, "--delegate-to: a/redis-metrics-adapter is the adapter's own Service"},
		{"delegates without an authority", []string{"--namespace=a", "--delegate-to=monitoring/prometheus-adapter"}, "--delegate-to needs --delegate-ca-file"},
		{"delegates to nobody", []string{"--namespace=a", "--delegate-server-name=x"}, "need --delegate-to"},
		{"delegates to a name that is none", []string{"--namespace=a", "--delegate-to=b/c", "--delegate-ca-file=ca.crt", "--delegate-server-name=a:1"}, `--delegate-server-name "a:1"`},
		{"delegates as nobody", []string{"--namespace=a", "--delegate-to=b/c", "--delegate-ca-file=ca.crt", "--delegate-service-account="}, `--delegate-service-account ""`},
		{"another's APIServices", []string{"--namespace=a", "--apiservice=other"}, `--apiservice must be own, keep or none, is "other"`},
		{"nobody's APIServices", []string{"--namespace=a", "--apiservice=none", "--exit-on-foreign-apiservice"}, "contradict each other"},
		{"keeps from nobody", []string{"--namespace=a", "--apiservice=keep"}, "--apiservice=keep needs --delegate-to"},
		{"keeps by a certificate of others", []string{"--namespace=a", "--apiservice=keep", "--delegate-to=b/c", "--delegate-ca-file=ca.crt", "--tls-cert-file=a.crt", "--tls-private-key-file=a.key"}, "--apiservice=keep and --tls-cert-file contradict each other"},
		{"name", []string{"--namespace=a", "--lease-name=A_b"}, `--lease-name "A_b"`},
		{"namespace", []string{"--namespace=a.b"}, `--namespace "a.b" is not a valid namespace`},
		{"Service", []string{"--namespace=a", "--service-name=1st"}, `--service-name "1st" is not a valid name of a Service`},
	} {
		t.Run(test.name, func(t *testing.T) {
			stdout, stderr, code := run(test.args...)
			if !strings.Contains(stderr, test.says) || stdout != "" || code != 1 {
				t.Errorf("printed %q and %q, exit %d, want %q", stdout, stderr, code, test.says)
			}
		})
	}
	t.Run("static", func(t *testing.T) {
		if runtime.GOOS != "linux" {
			t.Logf("%s has no static binaries; the image holds the one for linux", runtime.GOOS)
			return
		}
		file, err := elf.Open(binary)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		for _, program := range file.Progs {
			if program.Type == elf.PT_INTERP {
				t.Error("the binary asks for a dynamic loader, which an image from scratch has not")
			}
		}
	})
}
