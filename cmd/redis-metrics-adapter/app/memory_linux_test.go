package app

import (
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
)

func TestConstantFindsWhatIsNeverWritten(t *testing.T) {
	const path = "/bin/redis-metrics-adapter"
	for _, test := range []struct {
		name, line string
		start, end uintptr
	}{
		{"code", "00401000-02ad7000 r-xp 00001000 fe:00 42                         " + path, 0x401000, 0x2ad7000},
		{"constants", "02ad7000-05887000 r--p 026d7000 fe:00 42                         " + path, 0x2ad7000, 0x5887000},
		{"variables", "05887000-05959000 rw-p 05487000 fe:00 42                         " + path, 0, 0},
		{"memory of no file", "c000000000-c000400000 rw-p 00000000 00:00 0 ", 0, 0},
		{"another file", "7f0000000000-7f0000001000 r--p 00000000 fe:00 43 /lib" + path, 0, 0},
		{"what the kernel shares", "7fff00000000-7fff00002000 r-xp 00000000 00:00 0                          [vdso]", 0, 0},
		{"nothing", "", 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			start, end, ok := constant(test.line, path)
			if !ok {
				start, end = 0, 0
			}
			if start != test.start || end != test.end {
				t.Errorf("%q gives %#x to %#x, want %#x to %#x", test.line, start, end, test.start, test.end)
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
