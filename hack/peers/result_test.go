package peers

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	sigsyaml "sigs.k8s.io/yaml"

	"github.com/redis-metrics/redis-metrics-adapter/hack/measure"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// Result is what a run has measured.
type Result struct {
	// Whole means that no part, no peer and no step was left out.
	Whole   bool   `json:"whole"`
	Date    string `json:"date"`
	Machine string `json:"machine"`
	Servers string `json:"servers"`
	// Versions are sentences.
	Versions []string `json:"versions"`
	// Settings are by peer and name.
	Settings map[string]map[string]string `json:"settings"`
	Tables   map[string][]*row            `json:"tables"`
}

// row is what was measured of one peer in one case.
type row struct {
	Case    string `json:"case"`
	Setting string `json:"setting"`
	Peer    string `json:"peer"`
	measure.Table
}

// percentile adds one of some values. Its noise is how far from it the values are that another run may show in its place:
// those whose rank is within two standard deviations of its own.
func (r *row) percentile(name string, values []float64, share float64) {
	f := r.Add(name, measure.Percentile(values, share), "s")
	sorted, count := slices.Sorted(slices.Values(values)), float64(len(values))
	p := min(share/100, 1-1/(2*count)) // even the largest value is one of many that chance might have made the largest
	rank, away := p*count, 2*math.Sqrt(count*p*(1-p))
	least, largest := sorted[max(0, int(rank-away)-1)], sorted[min(len(sorted), int(math.Ceil(rank+away)))-1]
	f.Noise = max(largest-f.Value, f.Value-least) / f.Value
}

// count adds a number of events that happen by chance. Its noise is the standard deviation of such a number.
func (r *row) count(name string, events int) {
	f := r.Add(name, float64(events), "")
	if events > 0 {
		f.Noise = 1 / math.Sqrt(float64(events))
	}
}

// find returns a figure by its name, nil if there is none.
func (r *row) find(name string) *measure.Figure {
	i := slices.IndexFunc(r.Figures, func(f *measure.Figure) bool { return f.Name == name })
	if i < 0 {
		return nil
	}
	return r.Figures[i]
}

func newResult(b *testing.B) *Result {
	b.Helper()
	server := redistest.Default(b)
	return &Result{
		Whole: true, Date: time.Now().UTC().Format(time.DateOnly), Machine: machine(), Servers: string(server.Flavor) + " " + server.Version,
		Settings: map[string]map[string]string{}, Tables: map[string][]*row{},
	}
}

// machine says what this one is.
func machine() string {
	model := runtime.GOARCH
	if file, err := os.Open("/proc/cpuinfo"); err == nil {
		defer func() { _ = file.Close() }()
		for lines := bufio.NewScanner(file); lines.Scan(); {
			if name, value, _ := strings.Cut(lines.Text(), ":"); strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	return fmt.Sprintf("%d processors of %s, %s", runtime.NumCPU(), model, runtime.GOOS)
}

// add adds a row to a table.
func (r *Result) add(table, what, setting string, p peer) *row {
	added := &row{Case: what, Setting: setting, Peer: p.name()}
	r.Tables[table] = append(r.Tables[table], added)
	return added
}

func (r *Result) addVersion(p program) {
	version := fmt.Sprintf("%s %s (%s)", p.name, p.version, p.origin)
	if !slices.Contains(r.Versions, version) {
		r.Versions = append(r.Versions, version)
	}
}

// describe notes the settings of a peer, and what a user of it writes.
func (r *Result) describe(b *testing.B, p peer) {
	b.Helper()
	r.Settings[p.name()] = map[string]string{}
	for _, s := range []setting{recommended, fastest, fresh} {
		r.Settings[p.name()][string(s)] = p.configuration(s)
	}
	for _, m := range p.metrics() {
		w := standaloneAt("redis", "redis:6379").workload(m, recommended)
		w.target = jobsPerReplica
		once, each := p.configures(w)
		manifests := documents(p.manifests(w))
		lines := 0
		for _, document := range manifests {
			lines += blockLines(b, document)
		}
		written := r.add(writingTable, string(m), string(recommended), p)
		written.Add("Objects", float64(len(manifests)), "")
		written.Add("Their lines", float64(lines), "")
		written.Add("Lines of configuration per Redis", float64(blockLines(b, each)), "")
		written.Add("Lines of configuration once", float64(blockLines(b, once)), "")
	}
}

// blockLines returns how many lines a document has that is written without braces.
func blockLines(b *testing.B, document string) int {
	b.Helper()
	if document == "" {
		return 0
	}
	var content any
	if err := sigsyaml.Unmarshal([]byte(document), &content); err != nil {
		b.Fatalf("%v:\n%s", err, document)
	}
	text, err := sigsyaml.Marshal(content)
	if err != nil {
		b.Fatal(err)
	}
	return strings.Count(string(text), "\n")
}

// write writes JSON and Markdown, and prints the latter.
func (r *Result) write(b *testing.B, dir string) {
	b.Helper()
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		b.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		b.Fatal(err)
	}
	page := r.page()
	err = errors.Join(
		os.WriteFile(filepath.Join(dir, "peers.json"), append(text, '\n'), 0o644),
		os.WriteFile(filepath.Join(dir, "peers.md"), []byte(page), 0o644))
	if err != nil {
		b.Fatal(err)
	}
	fmt.Println(page)
}
