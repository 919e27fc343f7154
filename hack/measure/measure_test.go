package measure

import (
	"os"
	"strings"
	"testing"
)

func TestLimitIsMissedByMoreThanTheNoise(t *testing.T) {
	for name, test := range map[string]struct {
		of, to []float64
		limit  func(*Figure)
		value  float64
		missed bool
	}{
		"within":                   {[]float64{14, 28, 42}, []float64{10, 20, 30}, func(f *Figure) { f.AtMost(1.5) }, 1.4, false},
		"at the limit":             {[]float64{15, 30, 45}, []float64{10, 20, 30}, func(f *Figure) { f.AtMost(1.5) }, 1.5, false},
		"beyond":                   {[]float64{16, 32, 48}, []float64{10, 20, 30}, func(f *Figure) { f.AtMost(1.5) }, 1.6, true},
		"beyond and within noise":  {[]float64{10, 16, 22}, []float64{10, 10, 10}, func(f *Figure) { f.AtMost(1.5) }, 1.6, false},
		"one turn that is far off": {[]float64{14, 14, 500}, []float64{10, 10, 10}, func(f *Figure) { f.AtMost(1.5) }, 1.4, false},
		"beyond nothing":           {[]float64{1}, []float64{1}, func(f *Figure) { f.AtMost(0) }, 1, true},
		"too small":                {[]float64{1}, []float64{2}, func(f *Figure) { f.AtLeast(1) }, 0.5, true},
		"large enough":             {[]float64{1}, []float64{1}, func(f *Figure) { f.AtLeast(1) }, 1, false},
		"no limit":                 {[]float64{90}, []float64{10}, func(*Figure) {}, 9, false},
	} {
		t.Run(name, func(t *testing.T) {
			var table Table
			f := table.Ratio(name, test.of, test.to)
			test.limit(f)
			var printed strings.Builder
			table.Print(&printed, "title")
			if f.Value != test.value || f.missed() != test.missed || len(table.Missed()) > 0 != test.missed || strings.Contains(printed.String(), "MISSED") != test.missed {
				t.Errorf("%+v, missed %t, %q; want %v, %t\n%s", f, f.missed(), table.Missed(), test.value, test.missed, &printed)
			}
		})
	}
}

func TestPercentile(t *testing.T) {
	var turns []float64
	for i := range 1000 {
		turns = append(turns, float64(999-i))
	}
	for share, want := range map[float64]float64{0: 0, 50: 500, 99: 990, 100: 999} {
		if got := Percentile(turns, share); got != want {
			t.Errorf("p%v is %v, want %v", share, got, want)
		}
	}
	if got := Percentile([]float64{}, 99); got != 0 {
		t.Errorf("p99 of none is %v", got)
	}
}

func TestSum(t *testing.T) {
	metrics, err := Parse([]byte("# TYPE a counter\na{of=\"x\"} 1\na{of=\"y\"} 2\n"))
	if err != nil {
		t.Fatal(err)
	}
	y := metrics.Sum("a", func(labels map[string]string) bool { return labels["of"] == "y" })
	if all, none := metrics.Sum("a", nil), metrics.Sum("b", nil); y != 2 || all != 3 || none != 0 {
		t.Errorf("sums are %v, %v, %v", y, all, none)
	}
}

func TestThisProcess(t *testing.T) {
	if memory, err := Memory(os.Getpid()); err != nil || memory.VmRSS < 1<<20 {
		t.Errorf("%d bytes resident, %v", memory.VmRSS, err)
	}
	if _, err := CPUTime(os.Getpid()); err != nil {
		t.Error(err)
	}
}
