package catalog_test

import (
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/pagetest"
)

func TestMetricTable(t *testing.T) {
	metrics := catalog.Builtin()
	pagetest.Table(t, "../../deploy/docs/metrics.md", "metrics", metrics.Markdown())
}
