package measure

import (
	"bytes"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Metrics are what a program's own metrics say at an instant.
type Metrics map[string]*dto.MetricFamily

// Parse reads metrics in the text format.
func Parse(text []byte) (Metrics, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	return parser.TextToMetricFamilies(bytes.NewReader(text))
}

// Sum adds up a metric over all its labels, or over those that are wanted.
func (m Metrics) Sum(name string, wanted func(labels map[string]string) bool) float64 {
	total := 0.0
	for _, metric := range m[name].GetMetric() {
		labels := map[string]string{}
		for _, label := range metric.GetLabel() {
			labels[label.GetName()] = label.GetValue()
		}
		if wanted == nil || wanted(labels) {
			total += metric.GetGauge().GetValue() + metric.GetCounter().GetValue() + metric.GetUntyped().GetValue()
		}
	}
	return total
}
