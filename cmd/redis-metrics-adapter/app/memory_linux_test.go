package app

import (
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"

	"github.com/prometheus/procfs"
)

func TestConstantFindsWhatIsNeverWritten(t *testing.T) {
	const path = "/bin/redis-metrics-adapter"
	for _, test := range []struct {
		name, path string
		access     procfs.ProcMapPermissions
		want       bool
	}{
		{"code", path, procfs.ProcMapPermissions{Read: true, Execute: true, Private: true}, true},
		{"constants", path, procfs.ProcMapPermissions{Read: true, Private: true}, true},
		{"variables", path, procfs.ProcMapPermissions{Read: true, Write: true, Private: true}, false},
		{"memory of no file", "", procfs.ProcMapPermissions{Read: true, Write: true, Private: true}, false},
		{"another file", "/lib" + path, procfs.ProcMapPermissions{Read: true, Private: true}, false},
		{"what the kernel shares", "[vdso]", procfs.ProcMapPermissions{Read: true, Execute: true, Private: true}, false},
		{"what nobody may read", path, procfs.ProcMapPermissions{Private: true}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := constant(&procfs.ProcMap{Pathname: test.path, Perms: &test.access}, path); got != test.want {
				t.Errorf("constant is %v, want %v", got, test.want)
			}
		})
	}
}

func TestUnmappedProgramGoesOn(t *testing.T) {
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := unmapProgram(); err != nil {
		t.Fatal(err)
	}
	if again, err := os.Executable(); err != nil || again != path {
		t.Errorf("the program is called %q, %v; want %q", again, err, path)
	}
}

// BenchmarkUnmapProgram shows how much memory of the program is given back.
func BenchmarkUnmapProgram(b *testing.B) {
	resident := func() (kilobytes int) {
		text, err := os.ReadFile("/proc/self/status")
		if err != nil {
			b.Fatal(err)
		}
		_, after, _ := strings.Cut(string(text), "RssFile:")
		if _, err := fmt.Sscan(after, &kilobytes); err != nil {
			b.Fatal(err)
		}
		return kilobytes
	}
	before := resident()
	for b.Loop() {
		if err := unmapProgram(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(before-resident())/1024, "MiB-returned")
}

// BenchmarkGCPercent shows what a megabyte of garbage costs where much is kept, and
// so much is asked that it is made fast: with Go's own pace, and with ours.
func BenchmarkGCPercent(b *testing.B) {
	const mega = 1 << 20
	for name, percent := range map[string]int{"Go's own": 100, "ours": gcPercent(160*mega, 80*mega)} {
		b.Run(name, func(b *testing.B) {
			defer debug.SetGCPercent(debug.SetGCPercent(percent))
			var kept [160 * mega / 64]*[64]byte
			for i := range kept {
				kept[i] = new([64]byte)
			}
			var garbage [1024]*[1024]byte
			before := processorTime(b)
			for b.Loop() {
				for i := range garbage {
					garbage[i] = new([1024]byte)
				}
			}
			b.ReportMetric(float64(processorTime(b)-before)/float64(b.N), "CPU-ns/MiB")
			if kept[0] == nil || garbage[0] == nil {
				b.Fatal("nothing was kept")
			}
		})
	}
}

func processorTime(b *testing.B) int64 {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return usage.Utime.Nano() + usage.Stime.Nano()
}
