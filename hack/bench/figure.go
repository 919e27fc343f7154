package bench

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"
)

// Figure is one thing that was measured.
type Figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	// Limit is the largest value that is good enough, 0 for none.
	Limit float64 `json:"limit,omitempty"`
	// Noise is by how much of Value it may differ from the truth, as this run itself measured.
	Noise float64 `json:"noise,omitempty"`
}

// missed reports whether a limit is exceeded by more than the noise.
func (f Figure) missed() bool { return f.Limit > 0 && f.Value > f.Limit*(1+f.Noise) }

func (f Figure) verdict() error {
	if !f.missed() {
		return nil
	}
	return fmt.Errorf("%s is %.4g %s, want at most %.4g with a noise of %.0f %%", f.Name, f.Value, f.Unit, f.Limit, 100*f.Noise)
}

// ratio makes a Figure of the quotients of two series of turns.
func ratio(name string, limit float64, of, to []float64) Figure {
	quotients := make([]float64, len(of))
	for n := range of {
		quotients[n] = of[n] / to[n]
	}
	return Figure{Name: name, Value: median(quotients), Unit: "x", Limit: limit, Noise: spread(quotients)}
}

// typical makes a Figure of the median of some turns.
func typical(name, unit string, limit float64, turns []float64) Figure {
	return Figure{Name: name, Value: median(turns), Unit: unit, Limit: limit, Noise: spread(turns)}
}

// spread is the median distance of turns from their median, as a share of it.
func spread(turns []float64) float64 {
	middle := median(turns)
	distances := make([]float64, len(turns))
	for n, one := range turns {
		distances[n] = max(one-middle, middle-one)
	}
	if middle == 0 {
		return 0
	}
	return median(distances) / middle
}

func median(turns []float64) float64 { return percentile(turns, 50) }

// percentile returns the smallest turn that so many per cent of them do not exceed.
func percentile(turns []float64, share float64) float64 {
	if len(turns) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(turns))
	return sorted[min(len(sorted)-1, int(float64(len(sorted))*share/100))]
}

// publish prints figures as a table and writes them as JSON.
func publish(options Options, part string, figures []Figure) error {
	table := tabwriter.NewWriter(options.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "\n%s\tvalue\tunit\tlimit\tnoise\t\n", part)
	for _, f := range figures {
		limit, verdict := "", ""
		if f.Limit > 0 {
			limit, verdict = fmt.Sprintf("%.4g", f.Limit), "met"
		}
		if f.missed() {
			verdict = "MISSED"
		}
		fmt.Fprintf(table, "%s\t%.4g\t%s\t%s\t%.0f %%\t%s\n", f.Name, f.Value, f.Unit, limit, 100*f.Noise, verdict)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	text, err := json.MarshalIndent(figures, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(options.Output, part+".json"), append(text, '\n'), 0o644)
}
