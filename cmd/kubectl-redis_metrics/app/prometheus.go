package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/hpa"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/hpa/simulation"
)

const (
	// mostSteps is how many values of a series Prometheus returns.
	mostSteps = 11000
	// prometheusPatience bounds the time of a query, and mostAnswer the length of its
	// response.
	prometheusPatience = time.Minute
	mostAnswer         = 16 << 20
)

// prometheus is the server that recorded a load, and the queries that return it.
type prometheus struct {
	url     string
	queries []string
	history time.Duration
}

// load asks Prometheus for the values of each metric until now, one per sync period. If it has none, the value is
// unknown.
func (p *prometheus) load(ctx context.Context, metrics []hpa.Metric, step time.Duration) (recorded []byte, err error) {
	queries, err := p.queriesOf(metrics)
	if err != nil {
		return nil, err
	}
	end := time.Now().Truncate(time.Second)
	start := end.Add(-p.history.Truncate(step))
	columns := make([]map[int64]float64, len(queries))
	for i, query := range queries {
		if columns[i], err = p.ask(ctx, query, start, end, step); err != nil {
			return nil, fmt.Errorf("query %q: %w", query, err)
		}
	}
	var rows bytes.Buffer
	rows.WriteString("time")
	for _, metric := range metrics {
		rows.WriteString("," + metric.Name)
	}
	for at := start; !at.After(end); at = at.Add(step) {
		rows.WriteString("\n" + at.UTC().Format(time.RFC3339Nano))
		for _, column := range columns {
			cell := "unknown"
			if value, found := column[at.UnixMilli()]; found && !math.IsNaN(value) && !math.IsInf(value, 0) {
				cell = strconv.FormatFloat(value, 'f', -1, 64)
			}
			rows.WriteString("," + cell)
		}
	}
	rows.WriteString("\n")
	return rows.Bytes(), nil
}

// queriesOf returns the query of each metric, from METRIC=QUERY, or only QUERY if there is one metric.
func (p *prometheus) queriesOf(metrics []hpa.Metric) ([]string, error) {
	byName := map[string]string{}
	for _, metric := range metrics {
		byName[metric.Name] = ""
	}
	names := slices.Sorted(maps.Keys(byName))
	for _, given := range p.queries {
		name, query, _ := strings.Cut(given, "=")
		if _, found := byName[name]; !found {
			if len(names) > 1 {
				return nil, fmt.Errorf("--query %q: write METRIC=QUERY, where METRIC is one of %s", given, strings.Join(names, ", "))
			}
			name, query = names[0], given
		}
		if byName[name] != "" {
			return nil, fmt.Errorf("--query: there are two for metric %s", name)
		}
		byName[name] = query
	}
	var queries []string
	for _, metric := range metrics {
		query := byName[metric.Name]
		if query == "" {
			return nil, fmt.Errorf("--query: there is none for metric %s: write %[1]s=QUERY", metric.Name)
		}
		queries = append(queries, query)
	}
	return queries, nil
}

// matrix is the response of /api/v1/query_range.
type matrix struct {
	Status string `json:"status"`
	Error  string `json:"error"`
	Data   struct {
		Result []struct {
			// Values are pairs of a time in seconds and a number in a string.
			Values [][2]any `json:"values"`
		} `json:"result"`
	} `json:"data"`
}

// ask returns the values of one series by their time in milliseconds.
func (p *prometheus) ask(ctx context.Context, query string, start, end time.Time, step time.Duration) (map[int64]float64, error) {
	ctx, cancel := context.WithTimeout(ctx, prometheusPatience)
	defer cancel()
	seconds := func(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }
	at := strings.TrimSuffix(p.url, "/") + "/api/v1/query_range?" + url.Values{
		"query": {query}, "start": {seconds(start)}, "end": {seconds(end)}, "step": {strconv.FormatFloat(step.Seconds(), 'f', -1, 64)},
	}.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	var answer matrix
	if err := json.NewDecoder(io.LimitReader(response.Body, mostAnswer)).Decode(&answer); err != nil {
		return nil, fmt.Errorf("the server that responds with status %s is not Prometheus: %w", response.Status, err)
	}
	switch {
	case answer.Status != "success":
		return nil, fmt.Errorf("the error of Prometheus: %s", answer.Error)
	case len(answer.Data.Result) == 0:
		return nil, fmt.Errorf("no value in Prometheus from %s to %s", start.Format(time.RFC3339), end.Format(time.RFC3339))
	case len(answer.Data.Result) > 1:
		return nil, fmt.Errorf("the query returns %d series: aggregate them, such as by sum(...)", len(answer.Data.Result))
	}
	values := map[int64]float64{}
	for _, pair := range answer.Data.Result[0].Values {
		at, isNumber := pair[0].(float64)
		text, isText := pair[1].(string)
		value, err := strconv.ParseFloat(text, 64)
		if !isNumber || !isText || err != nil {
			return nil, fmt.Errorf("the server is not Prometheus: it returned the value %v", pair)
		}
		values[int64(math.Round(at*1000))] = value
	}
	return values, nil
}

// loadFromPrometheus returns the load that Prometheus recorded, and writes it to the file of --series, if
// any.
func (s *simulate) loadFromPrometheus(ctx context.Context, metrics []hpa.Metric) (simulation.Load, error) {
	recorded, err := s.prometheus.load(ctx, metrics, s.options.SyncPeriod)
	if err != nil {
		return nil, err
	}
	return s.keep(recorded, metrics)
}

// check returns an error for flags that contradict each other.
func (p *prometheus) check(step time.Duration) error {
	switch {
	case p.url == "" && len(p.queries) > 0:
		return errors.New("--query is for --from-prometheus")
	case p.url == "":
		return nil
	case p.history < step:
		return errors.New("--history must be at least --sync-period: a load has two samples or more")
	case p.history/step >= mostSteps:
		return fmt.Errorf("--history must be less than %d times --sync-period: Prometheus gives no more values", mostSteps)
	}
	location, err := url.Parse(p.url)
	if err != nil || location.Host == "" || (location.Scheme != "http" && location.Scheme != "https") {
		return errors.New("--from-prometheus must be a URL such as http://localhost:9090")
	}
	return nil
}
