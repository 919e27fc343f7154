package provider

import (
	"math"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/labels"
)

func TestQuantity(t *testing.T) {
	for _, test := range []struct {
		value float64
		want  string // empty: an error
	}{
		{0, "0"},
		{math.Copysign(0, -1), "0"},
		{1000, "1k"},
		{333.3333, "333333m"},
		{0.0004, "1m"},
		{math.SmallestNonzeroFloat64, "1m"},
		{0.9996, "1"},
		{maxValue, "9223372036854774"},
		{9.3e12 + 0.5, "9300000000001"},
		{float64(math.MaxInt64 / 1000), ""}, // rounds up to a float64 past the bound
		{math.Nextafter(maxValue, math.Inf(1)), ""},
		{math.MaxInt64, ""},
		{math.MaxFloat64, ""},
		{math.NaN(), ""},
		{math.Inf(1), ""},
		{math.Inf(-1), ""},
		{-1, ""},
		{-0.0001, ""},
	} {
		got, err := quantityOf(test.value)
		switch {
		case (err != nil) != (test.want == ""):
			t.Errorf("%v: %s, %v", test.value, got.String(), err)
		case err == nil && !got.Equal(resource.MustParse(test.want)):
			t.Errorf("%v: got %s, want %s", test.value, got.String(), test.want)
		}
	}
}

func FuzzQuantity(f *testing.F) {
	for _, seed := range []float64{0, 1, 0.0001, 1e15, 9.3e12, math.NaN(), math.Inf(1), -1} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value float64) {
		got, err := quantityOf(value)
		valid := value >= 0 && value <= maxValue
		if (err == nil) != valid {
			t.Fatalf("%v: error %v", value, err)
		}
		if err != nil {
			return
		}
		// The HorizontalPodAutoscaler reads MilliValue.
		milli := got.MilliValue()
		if milli < 0 || (milli == 0) != (value == 0) {
			t.Fatalf("%v became %d thousandths", value, milli)
		}
		if off := math.Abs(float64(milli)/1000 - value); off > math.Max(0.001, value*1e-9) {
			t.Fatalf("%v became %v thousandths, off by %v", value, milli, off)
		}
	})
}

func FuzzMetricSelector(f *testing.F) {
	for _, seed := range []string{"", "a=b", "command in (get,set)", "!x", "a!=b,c", "a in (", "a=b,a=c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := labels.Parse(text)
		if err != nil {
			return
		}
		p, _ := house(t)
		warm, first := newTarget("shop", "warm", "cache"), p.catalog.All()[0].Name
		read, _ := p.metric(warm, first)
		a := newQuery(first, parsed, time.Now())
		value, err := p.value(warm, read, &a)
		if (value.Metric.Name == "") == (err == nil) {
			t.Fatalf("%q: value %v, error %v", text, value, err)
		}
	})
}
