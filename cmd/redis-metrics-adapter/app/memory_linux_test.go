package app

import (
	"os"
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
