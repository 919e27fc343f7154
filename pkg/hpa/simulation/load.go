package simulation

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/hpa"
)

const (
	timeColumn = "time"
	// valueColumn may replace the name of the metric if there is only one.
	valueColumn = "value"
	unknown     = "unknown"
	// mostSeconds is a time in the year 2255. Go has no Duration for later times.
	mostSeconds = 9e9
)

// Load holds the values of the metrics of an HPA over time.
type Load []Row

// Row holds the values that apply from an instant until the next row.
type Row struct {
	// Offset is the time since the first row.
	Offset time.Duration
	// Values are in the order of the metrics.
	Values []hpa.Value
}

// Duration returns the time from the first row to the last.
func (l Load) Duration() time.Duration { return l[len(l)-1].Offset }

// at returns the values that apply at an instant.
func (l Load) at(offset time.Duration) []hpa.Value { return l[l.after(offset)-1].Values }

// after returns the index of the first row after an instant.
func (l Load) after(offset time.Duration) int {
	return sort.Search(len(l), func(i int) bool { return l[i].Offset > offset })
}

// Read reads a load as CSV or as lines of JSON. Each row has a time and a value
// for each metric, in a column of its name. An HPA with one metric may call it
// "value". A time is RFC 3339 or a number of seconds, a value is a quantity of
// Kubernetes or "unknown".
func Read(r io.Reader, metrics []hpa.Metric) (Load, error) {
	buffered := bufio.NewReader(r)
	first, err := firstByte(buffered)
	if err != nil {
		return nil, fmt.Errorf("read load: %w", err)
	}
	names := make([]string, len(metrics))
	for i, metric := range metrics {
		names[i] = metric.Name
	}
	if repeated := len(slices.Compact(slices.Sorted(slices.Values(names)))); repeated < len(names) {
		return nil, errors.New("two metrics of the HPA have the same name, and a load cannot tell them apart")
	}
	reader := loadReader{metrics: names}
	if first == '{' {
		err = reader.readJSON(buffered)
	} else {
		err = reader.readCSV(buffered)
	}
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	if len(reader.load) < 2 {
		return nil, errors.New("load: fewer than two rows: the last row says when the simulation ends")
	}
	return reader.load, nil
}

func firstByte(r *bufio.Reader) (byte, error) {
	for {
		b, err := r.ReadByte()
		if errors.Is(err, io.EOF) {
			return 0, errors.New("it is empty")
		}
		if err != nil || !strings.ContainsRune(" \t\r\n", rune(b)) {
			return b, errors.Join(err, r.UnreadByte())
		}
	}
}

type loadReader struct {
	metrics []string
	load    Load
	start   instant
}

// instant is a time in the file: either a date and time, or a number of seconds.
type instant struct {
	seconds  time.Duration
	calendar time.Time
}

func (r *loadReader) readCSV(source io.Reader) error {
	table := csv.NewReader(source)
	table.Comment = '#'
	table.TrimLeadingSpace = true
	header, err := table.Read()
	if err != nil {
		return err
	}
	if names := slices.Sorted(slices.Values(header)); len(slices.Compact(names)) < len(header) {
		return errors.New("two columns have the same name")
	}
	for {
		record, err := table.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		cells := map[string]string{}
		for i, name := range header {
			cells[name] = record[i]
		}
		line, _ := table.FieldPos(0)
		if err := r.add(cells); err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
	}
}

func (r *loadReader) readJSON(source io.Reader) error {
	lines := bufio.NewScanner(source)
	for line := 1; lines.Scan(); line++ {
		if strings.TrimSpace(lines.Text()) == "" {
			continue
		}
		decoder := json.NewDecoder(strings.NewReader(lines.Text()))
		decoder.UseNumber()
		var fields map[string]any
		if err := decoder.Decode(&fields); err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
		if decoder.More() {
			return fmt.Errorf("line %d: write one object a line", line)
		}
		cells := map[string]string{}
		for name, value := range fields {
			cells[name] = fmt.Sprint(value)
		}
		if err := r.add(cells); err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
	}
	return lines.Err()
}

// add adds the row with the given cells, by the name of their column.
func (r *loadReader) add(cells map[string]string) error {
	offset, err := r.offset(cells[timeColumn])
	if err != nil {
		return err
	}
	if len(r.load) > 0 && offset <= r.load.Duration() {
		return fmt.Errorf("time %s is not after that of the row before", cells[timeColumn])
	}
	row := Row{Offset: offset}
	for _, metric := range r.metrics {
		cell, found := cells[metric]
		if !found && len(r.metrics) == 1 {
			cell, found = cells[valueColumn]
		}
		if !found {
			return fmt.Errorf("no value of %s, there is only %s: name a column after each metric of the HPA", metric, strings.Join(slices.Sorted(maps.Keys(cells)), ", "))
		}
		value, err := parseValue(cell)
		if err != nil {
			return fmt.Errorf("%s: %w", metric, err)
		}
		row.Values = append(row.Values, value)
	}
	r.load = append(r.load, row)
	return nil
}

func (r *loadReader) offset(cell string) (time.Duration, error) {
	var read instant
	if seconds, err := strconv.ParseFloat(cell, 64); err == nil && seconds >= 0 && seconds < mostSeconds {
		read.seconds = time.Duration(seconds * float64(time.Second))
	} else if read.calendar, err = time.Parse(time.RFC3339Nano, cell); err != nil {
		return 0, fmt.Errorf("time %q: write RFC 3339, such as 2026-01-31T12:00:00Z, or a number of seconds", cell)
	}
	if len(r.load) == 0 {
		r.start = read
	}
	if read.calendar.IsZero() != r.start.calendar.IsZero() {
		return 0, fmt.Errorf("time %q: write the times of all rows in the same form", cell)
	}
	if read.calendar.IsZero() {
		return read.seconds - r.start.seconds, nil
	}
	return read.calendar.Sub(r.start.calendar), nil
}

func parseValue(cell string) (hpa.Value, error) {
	if cell == unknown {
		return hpa.Value{Unknown: true}, nil
	}
	quantity, err := resource.ParseQuantity(cell)
	if err != nil {
		return hpa.Value{}, fmt.Errorf("value %q: write a quantity, such as 120 or 1500m, or %q", cell, unknown)
	}
	return hpa.Value{Milli: quantity.MilliValue()}, nil
}
