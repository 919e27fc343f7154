package expression_test

import (
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/expression"
)

func TestExpressions(t *testing.T) {
	values := map[string]float64{"a": 6, "b": 4, "zero": 0, "huge": math.MaxFloat64}
	for _, test := range []struct {
		source string
		want   float64
		err    string
	}{
		{`metric("a") + metric("b")`, 10, ""},
		{`metric('a') / metric('b')`, 1.5, ""},
		{`metric("a") > 5 ? metric("b") * 2.0 : 0.0`, 8, ""},
		{`math.greatest(metric("a"), metric("b"), 5.0)`, 6, ""},
		{`math.greatest(0.0, metric("b") - metric("a"))`, 0, ""},
		{`int(metric("a")) / 4`, 1, ""},
		{`math.ceil(metric("a") / metric("b"))`, 2, ""},
		{`metric("b") - metric("a")`, 0, "gives a negative number"},
		{`metric("a") / metric("zero")`, 0, "cannot be computed"},
		{`metric("zero") / metric("zero")`, 0, "cannot be computed"},
		{`metric("huge") * metric("huge")`, 0, "cannot be computed"},
		{`1 / int(metric("zero"))`, 0, "cannot be computed"},
		{`int(metric("huge"))`, 0, "cannot be computed"},
		{`math.greatest(metric("zero") / metric("zero"), 1.0)`, 0, "cannot be computed"},
		// An infinity or NaN of one step that later steps make a number of.
		{`metric("a") / (metric("b") / metric("zero"))`, 0, "divides by zero"},
		{`math.least(metric("a") / metric("zero"), 10.0)`, 0, "divides by zero"},
		{`metric("zero") / metric("zero") == 1.0 ? 5.0 : 0.0`, 0, "divides by zero"},
		{`metric("zero") / metric("zero") != 1.0 ? 5.0 : 0.0`, 0, "divides by zero"},
		{`metric("a") / metric("zero") > 100.0 ? 3.0 : 0.0`, 0, "divides by zero"},
		{`-(metric("a") / metric("zero")) < 0.0 ? 3.0 : 0.0`, 0, "divides by zero"},
		{`1.0 / 0.0 > metric("a") ? 3.0 : 0.0`, 0, "divides by zero"},
		{`double("Infinity") > metric("a") ? 3.0 : 0.0`, 0, "cannot be computed"},
		{`metric("a") / double("-inf") + 1.0`, 0, "cannot be computed"},
		{`metric("huge") * metric("huge") > 1.0 ? metric("a") : metric("b")`, 0, "overflows"},
		{`[metric("a") / metric("zero"), 2.0][1]`, 0, "divides by zero"},
		{`metric("a") / metric("zero") in [1.0] ? 1.0 : 2.0`, 0, "divides by zero"},
		{`int(metric("a") / metric("zero") > 1.0 ? 7 : 8)`, 0, "divides by zero"},
		// The operators || and && do not hide the failure of one side.
		{`metric("a") / metric("zero") > 1.0 || metric("a") > 1.0 ? 3.0 : 0.0`, 0, "divides by zero"},
		{`metric("a") / metric("zero") < 1.0 && metric("a") > 1.0 ? 3.0 : 0.0`, 0, "divides by zero"},
		{`1 / int(metric("zero")) > 1 || metric("a") > 1.0 ? 3.0 : 0.0`, 0, "divides by zero"},
		{`1 / int(metric("zero")) > 1 && metric("a") < 1.0 ? 3.0 : 0.0`, 0, "divides by zero"},
		// What is not computed fails nothing.
		{`metric("zero") > 0.0 ? metric("a") / metric("zero") : 7.0`, 7, ""},
		{`metric("zero") == 0.0 || metric("a") / metric("zero") > 1.0 ? 3.0 : 0.0`, 3, ""},
		{`metric("zero") > 0.0 && metric("a") / metric("zero") > 1.0 ? 3.0 : 0.0`, 0, ""},
		{`metric("a") / math.greatest(metric("zero"), 1.0)`, 6, ""},
	} {
		e, err := expression.Compile(test.source)
		if err != nil {
			t.Errorf("%s: %v", test.source, err)
			continue
		}
		got, err := e.Eval(values)
		switch {
		case test.err == "" && (err != nil || got != test.want):
			t.Errorf("%s = %v, %v; want %v", test.source, got, err, test.want)
		case test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)):
			t.Errorf("%s = %v, %v; want an error with %q", test.source, got, err, test.err)
		}
	}
}

func TestFormulasThatAreRefused(t *testing.T) {
	for source, want := range map[string]string{
		``:                                  "does not compile",
		`metric("a") +`:                     "does not compile: Syntax error",
		`metric("a") * 2`:                   "found no matching overload for '_*_' applied to '(double, int)'",
		`metric("a") > 1`:                   "gives a bool and must give a number",
		`"a"`:                               "gives a string and must give a number",
		`1.0`:                               "names no metric",
		`metric("a" + "b")`:                 "metric takes a name that is written out",
		`metric(1)`:                         "metric takes a name that is written out",
		`metric("a", "b")`:                  "does not compile",
		`other("a")`:                        "undeclared reference to 'other'",
		`[1.0].map(x, metric("a"))[0]`:      "does not compile",
		`[1, 2].exists(x, x > 1) ? 1.0:2.0`: "does not compile",
		`@values["a"]`:                      "does not compile",
		`metric("a") +` + strings.Repeat(" ", expression.MaxLength):                                         "has more than 2048 bytes",
		`metric("a") + double(size(` + strings.Repeat(`string(metric("a")) + `, 80) + `""))`:                "may cost more than 10000 operations",
		`metric("a") > 0.0 && string(metric("a")).matches("` + strings.Repeat("a", 1024) + `") ? 1.0 : 2.0`: "may cost more than 10000 operations",
	} {
		if _, err := expression.Compile(source); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want an error with %q", source, err, want)
		}
	}
}

func TestNamesAreThoseInTheFormula(t *testing.T) {
	e, err := expression.Compile(`metric("a") > 1 ? metric("b") : metric("a")`)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(e.Names(), " "); got != "a b" {
		t.Errorf("names are %q", got)
	}
}

// TestEvaluationsShareNothing makes one that fails and others that do not at the same time.
func TestEvaluationsShareNothing(t *testing.T) {
	e, err := expression.Compile(`metric("a") / metric("b")`)
	if err != nil {
		t.Fatal(err)
	}
	for divisor := range 4 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			for range 1000 {
				if _, err := e.Eval(map[string]float64{"a": 1, "b": float64(divisor)}); (err != nil) != (divisor == 0) {
					t.Fatalf("1 / %d gives the error %v", divisor, err)
				}
			}
		})
	}
}

// TestWhatAFormulaKeeps checks the memory that a formula keeps for each byte that
// is counted of it, see package target.
func TestWhatAFormulaKeeps(t *testing.T) {
	for name, source := range map[string]string{
		"ordinary": `metric("a") / math.greatest(metric("b"), 1.0)`,
		"longest":  `metric("a") > 1.0` + strings.Repeat("||1<2", (expression.MaxLength-27)/5) + "?1.0:2.0",
		"nested":   strings.Repeat("true?1.0:", (expression.MaxLength-11)/9) + `metric("a")`,
		"list":     `metric("a")+double([` + strings.Repeat("1,", (expression.MaxLength-30)/2) + `1][0])`,
	} {
		const formulas = 20
		var kept [formulas]*expression.Expression
		before := heap()
		for i := range kept {
			var err error
			if kept[i], err = expression.Compile(source); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		each := (heap() - before) / formulas
		runtime.KeepAlive(kept)
		if limit := int64(len(source)+100) * 80; each > limit {
			t.Errorf("%s: a formula of %d bytes keeps %d, want at most %d", name, len(source), each, limit)
		}
	}
}

func heap() int64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// FuzzCompile looks for formulas that end the adapter, cost more than a formula
// may, or give what is not a number from 0 on.
func FuzzCompile(f *testing.F) {
	for _, source := range []string{
		`metric("a") + metric("b")`, `metric("a") / (metric("b") / metric("zero"))`, `math.greatest(0.0, metric("b") - metric("a"))`,
		`metric("zero") == 0.0 || metric("a") / metric("zero") > 1.0 ? 3.0 : 0.0`, `[1.0].map(x, metric("a"))[0]`, `@values["a"]`,
		`int(metric("huge"))`, `string(metric("a")).matches("(a*)*") ? 1.0 : 2.0`, `double(size({"a": 1, "b": [metric("a")]}))`,
		`duration("1h").getHours() + int(metric("a"))`, `metric("a") + double("nan")`, "metric(\"\\u0000\")", `((((metric("a")))))`,
	} {
		f.Add(source, 6.0, 0.0)
	}
	f.Fuzz(func(t *testing.T, source string, a, b float64) {
		e, err := expression.Compile(source)
		if err != nil {
			return
		}
		if names := e.Names(); len(names) == 0 || len(names) > 20 {
			t.Fatalf("%q names %q", source, names)
		}
		of := map[string]float64{}
		for i, name := range e.Names() {
			of[name] = []float64{a, b}[i%2]
		}
		if got, err := e.Eval(of); err == nil && !(got >= 0 && got <= math.MaxFloat64) {
			t.Fatalf("%q of %v is %v", source, of, got)
		}
	})
}

func BenchmarkEval(b *testing.B) {
	e, err := expression.Compile(`metric("a") / math.greatest(metric("b"), 1.0)`)
	if err != nil {
		b.Fatal(err)
	}
	values := map[string]float64{"a": 6, "b": 4}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.Eval(values); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := expression.Compile(`metric("a") / math.greatest(metric("b"), 1.0)`); err != nil {
			b.Fatal(err)
		}
	}
}
