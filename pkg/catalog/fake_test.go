package catalog_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

// twoSamples is two samples, apart by a span.
type twoSamples struct {
	first, last *redisinfo.Info
	end         time.Time
	apart       time.Duration
	err         error
}

func (h twoSamples) Latest(time.Time) (history.Sample, error) {
	return history.NewSample(nil, history.Node{At: h.end, Info: h.last}), h.err
}

func (h twoSamples) Span(time.Time) (history.Span, error) {
	return history.Span{
		First: history.NewSample(nil, history.Node{At: h.end.Add(-h.apart), Info: h.first}),
		Last:  history.NewSample(nil, history.Node{At: h.end, Info: h.last}),
	}, h.err
}

// noNumber reports whether an error says that samples are there and give no number.
func noNumber(err error) bool {
	_, missing := errors.AsType[*history.UnknownError](err)
	_, unmatched := errors.AsType[*catalog.NoSeriesError](err)
	return err != nil && !missing && !unmatched
}

// info parses lines of INFO, to which a role is added unless they have one.
func info(t testing.TB, lines ...string) *redisinfo.Info {
	t.Helper()
	return parsed(t, new(redisinfo.Parser), lines)
}

func parsed(t testing.TB, p *redisinfo.Parser, lines []string) *redisinfo.Info {
	t.Helper()
	text := strings.Join(lines, "\r\n") + "\r\n"
	if !strings.Contains("\r\n"+text, "\r\nrole:") {
		text = "role:master\r\n" + text
	}
	info, err := p.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// over is ten seconds between two answers of one server.
func over(t testing.TB, first, last []string) twoSamples {
	t.Helper()
	var p redisinfo.Parser
	return twoSamples{first: parsed(t, &p, first), last: parsed(t, &p, last), end: time.Now(), apart: 10 * time.Second}
}

func metric(t testing.TB, name string) *catalog.Metric {
	t.Helper()
	c := catalog.Builtin()
	m, ok := c.Lookup(name)
	if !ok {
		t.Fatalf("there is no metric %s", name)
	}
	return m
}

func picking(t testing.TB, text string) catalog.Selector {
	t.Helper()
	parsed, err := labels.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	requirements, _ := parsed.Requirements()
	return catalog.Selector(requirements)
}
