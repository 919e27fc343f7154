package bench

import (
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestARatioIsMissedByMoreThanItsNoise(t *testing.T) {
	for name, test := range map[string]struct {
		of, to []float64
		limit  float64
		value  float64
		missed bool
	}{
		"within":                   {[]float64{14, 28, 42}, []float64{10, 20, 30}, 1.5, 1.4, false},
		"at the limit":             {[]float64{15, 30, 45}, []float64{10, 20, 30}, 1.5, 1.5, false},
		"beyond":                   {[]float64{16, 32, 48}, []float64{10, 20, 30}, 1.5, 1.6, true},
		"beyond and within noise":  {[]float64{10, 16, 22}, []float64{10, 10, 10}, 1.5, 1.6, false},
		"one turn that is far off": {[]float64{14, 14, 500}, []float64{10, 10, 10}, 1.5, 1.4, false},
		"no limit":                 {[]float64{90}, []float64{10}, 0, 9, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := ratio(name, test.limit, test.of, test.to)
			if f.Value != test.value || f.missed() != test.missed || (f.verdict() != nil) != test.missed {
				t.Errorf("%+v, missed %t; want %v, %t", f, f.missed(), test.value, test.missed)
			}
		})
	}
}

func TestLatencyDuringAFaultIsComparedWithThatBesideIt(t *testing.T) {
	for name, test := range map[string]struct {
		before, during, after float64
		limit, noise          float64
		missed                bool
	}{
		"within":                  {before: 1, during: 1.25, after: 1, limit: 1.25, noise: 0},
		"beyond":                  {before: 1, during: 1.3, after: 1, limit: 1.25, noise: 0, missed: true},
		"beyond and within noise": {before: 0.8, during: 1.6, after: 1.2, limit: 1.25, noise: 0.5},
		"beyond noise":            {before: 1.2, during: 1.9, after: 0.8, limit: 1.25, noise: 0.5, missed: true},
	} {
		t.Run(name, func(t *testing.T) {
			figures, noise := compareFaults([]comparison{{name: name, before: test.before, during: test.during, after: test.after}})
			if len(figures) != 2 || figures[0].Value != test.before {
				t.Fatalf("%+v", figures)
			}
			f := figures[1]
			if f.Value != test.during || f.Limit != test.limit || math.Abs(f.Noise-test.noise) > 1e-9 || f.Noise != noise || f.missed() != test.missed {
				t.Errorf("%+v, missed %t; want a limit of %v, a noise of %v, missed %t", f, f.missed(), test.limit, test.noise, test.missed)
			}
		})
	}
}

func TestNoiseIsThatOfAllPhasesWithoutAFault(t *testing.T) {
	figures, noise := compareFaults([]comparison{{"first", 1, 1.5, 1}, {"second", 1, 5, 2}})
	if len(figures) != 3 || noise != 1 || figures[1].Noise != 1 || figures[2].Noise != 1 || figures[1].missed() || !figures[2].missed() {
		t.Errorf("%+v", figures)
	}
}

func TestPercentile(t *testing.T) {
	var turns []float64
	for i := range 1000 {
		turns = append(turns, float64(999-i))
	}
	for share, want := range map[float64]float64{0: 0, 50: 500, 99: 990, 100: 999} {
		if got := percentile(turns, share); got != want {
			t.Errorf("p%v is %v, want %v", share, got, want)
		}
	}
	if got := percentile(nil, 99); got != 0 {
		t.Errorf("p99 of none is %v", got)
	}
}

func TestFiguresArePrintedAndWritten(t *testing.T) {
	var out strings.Builder
	options := Options{Output: t.TempDir(), Out: &out, Log: io.Discard}
	figures := []Figure{{Name: "CPU", Value: 2, Unit: "x", Limit: 1.5}, {Name: "memory", Value: 3, Unit: "MiB"}}
	if err := publish(options, "part", figures); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "MISSED") || strings.Contains(out.String(), "met") {
		t.Errorf("printed\n%s", &out)
	}
	text, err := os.ReadFile(filepath.Join(options.Output, "part.json"))
	if err != nil {
		t.Fatal(err)
	}
	var read []Figure
	if err := json.Unmarshal(text, &read); err != nil || len(read) != 2 || read[0] != figures[0] || read[1] != figures[1] {
		t.Errorf("written is %s, %v", text, err)
	}
}

func TestUnknownPartIsRefused(t *testing.T) {
	err := Run(t.Context(), Options{Output: t.TempDir(), Out: io.Discard, Log: io.Discard}, "smaple")
	if err == nil || !strings.Contains(err.Error(), "name some of sample, reaction, api, isolation, delegate, scale") {
		t.Errorf("answered %v", err)
	}
}

func TestUsageOfThisProcess(t *testing.T) {
	if bytes, err := residentBytes(os.Getpid()); err != nil || bytes < 1<<20 {
		t.Errorf("%.0f bytes resident, %v", bytes, err)
	}
	if _, err := cpuOf(os.Getpid()); err != nil {
		t.Error(err)
	}
}

func TestLatenessIsThatOfTheAttemptsBetween(t *testing.T) {
	text := func(first, second, third string) string {
		const name = "redis_metrics_adapter_sampling_lateness_seconds"
		return "# TYPE " + name + " histogram\n" + name + `_bucket{le="0.1"} ` + first + "\n" + name + `_bucket{le="0.2"} ` + second + "\n" +
			name + `_bucket{le="+Inf"} ` + third + "\n" + name + "_sum 1\n" + name + "_count " + third + "\n"
	}
	before, err := parseScrape([]byte(text("1000", "1000", "1000")))
	if err != nil {
		t.Fatal(err)
	}
	after, err := parseScrape([]byte(text("1050", "1100", "1100")))
	if err != nil {
		t.Fatal(err)
	}
	for share, want := range map[float64]float64{25: 0.05, 50: 0.1, 75: 0.15, 100: 0.2} {
		if got := after.lateness(before, share).Seconds(); got < want-1e-6 || got > want+1e-6 {
			t.Errorf("%v %% are at most %v s late, want %v", share, got, want)
		}
	}
}
