package bench

import (
	"encoding/json"
	"io"
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
	if err == nil || !strings.Contains(err.Error(), "name some of sample, reaction, api, isolation, scale") {
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
