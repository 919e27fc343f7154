package redisinfo_test

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

func TestRecordIsReadByName(t *testing.T) {
	info := parse(t, "# S\r\nr:n=-7,f=1.5,text=a=b,big=9223372036854775808,nan=nan,two=1,two=2,empty=,rubbish,tail=3\r\nr:n=1\r\nr2:n=-7,f=1.5,text=a=b,big=9223372036854775808,nan=nan,two=1,two=2,empty=,rubbish,tail=3\r\n")
	record, ok := info.Record("r2")
	if !ok || record.Key() != "r2" {
		t.Fatalf("Record = %v, %v", record, ok)
	}
	tests := []struct {
		name    string
		i       int64
		wantInt error
		f       float64
		wantFlt error
	}{
		{name: "n", i: -7, f: -7},
		{name: "f", wantInt: redisinfo.ErrMalformed, f: 1.5},
		{name: "text", wantInt: redisinfo.ErrMalformed, wantFlt: redisinfo.ErrMalformed},
		{name: "big", wantInt: redisinfo.ErrMalformed, f: 9223372036854775808},
		{name: "nan", wantInt: redisinfo.ErrMalformed, wantFlt: redisinfo.ErrMalformed},
		{name: "two", wantInt: redisinfo.ErrMalformed, wantFlt: redisinfo.ErrMalformed},
		{name: "empty", wantInt: redisinfo.ErrMalformed, wantFlt: redisinfo.ErrMalformed},
		{name: "rubbish", wantInt: redisinfo.ErrAbsent, wantFlt: redisinfo.ErrAbsent},
		{name: "tail", i: 3, f: 3},
		{name: "tai", wantInt: redisinfo.ErrAbsent, wantFlt: redisinfo.ErrAbsent},
		{name: "", wantInt: redisinfo.ErrAbsent, wantFlt: redisinfo.ErrAbsent},
	}
	for _, tt := range tests {
		if got, err := record.Int(tt.name); !errors.Is(err, tt.wantInt) || got != tt.i {
			t.Errorf("Int(%q) = %d, %v; want %d, %v", tt.name, got, err, tt.i, tt.wantInt)
		}
		if got, err := record.Float(tt.name); !errors.Is(err, tt.wantFlt) || got != tt.f {
			t.Errorf("Float(%q) = %v, %v; want %v, %v", tt.name, got, err, tt.f, tt.wantFlt)
		}
	}
	if got, err := record.Text("text"); err != nil || got != "a=b" {
		t.Errorf("Text = %q, %v; want a=b", got, err)
	}
	want := []string{"n", "f", "text", "big", "nan", "two", "two", "empty", "tail"}
	if got := slices.Collect(record.Names()); !slices.Equal(got, want) {
		t.Errorf("Names = %q, want %q", got, want)
	}
}

func TestRecordThatIsThereTwiceHasNoNumbers(t *testing.T) {
	info := parse(t, "r:n=1\r\nr:n=1\r\n")
	record, ok := info.Record("r")
	if _, err := record.Int("n"); !ok || !errors.Is(err, redisinfo.ErrMalformed) {
		t.Errorf("Int = %v, %v; want ErrMalformed", ok, err)
	}
	for _, key := range []string{"none", "# S"} {
		if record, ok := info.Record(key); ok {
			t.Errorf("Record(%s) = %v, want none", key, record)
		}
	}
}

func TestRecordsAreFoundByPrefix(t *testing.T) {
	info := parse(t, "# Keyspace\r\ndb0:keys=1\r\nslave_priority:100\r\nslave0:offset=5\r\ndb12:keys=3\r\ndb0_distrib_strings_sizes:1=4\r\ndb:keys=9\r\nslave10:offset=6\r\n")
	tests := []struct {
		prefix, number string
		numbered       bool
		want           map[string]int64
	}{
		{prefix: "db", number: "keys", numbered: true, want: map[string]int64{"0": 1, "12": 3}},
		{prefix: "slave", number: "offset", numbered: true, want: map[string]int64{"0": 5, "10": 6}},
		{prefix: "none", number: "keys", numbered: true, want: map[string]int64{}},
		{prefix: "db1", number: "keys", want: map[string]int64{"2": 3}},
	}
	for _, tt := range tests {
		records := info.Records(tt.prefix)
		if tt.numbered {
			records = info.Numbered(tt.prefix)
		}
		got := map[string]int64{}
		for name, record := range records {
			n, err := record.Int(tt.number)
			if err != nil {
				t.Errorf("%s%s: %v", tt.prefix, name, err)
			}
			got[name] = n
		}
		if !maps.Equal(got, tt.want) {
			t.Errorf("records of %s = %v, want %v", tt.prefix, got, tt.want)
		}
	}
}

func TestMicrosecondsHaveSixDecimals(t *testing.T) {
	tests := []struct {
		text string
		want int64
		err  error
	}{
		{text: "12.345678", want: 12345678},
		{text: "0.000001", want: 1},
		{text: "0.000000"},
		{text: "12.5", err: redisinfo.ErrMalformed},
		{text: "12", err: redisinfo.ErrMalformed},
		{text: "", err: redisinfo.ErrMalformed},
		{text: ".345678", err: redisinfo.ErrMalformed},
		{text: "1.2345678", err: redisinfo.ErrMalformed},
		{text: "-1.500000", want: -1500000},
		{text: ".-34567", err: redisinfo.ErrMalformed},
		{text: ".+34567", err: redisinfo.ErrMalformed},
		{text: "1.+34567", err: redisinfo.ErrMalformed},
		{text: "1.-34567", err: redisinfo.ErrMalformed},
		{text: "1.34567x", err: redisinfo.ErrMalformed},
		{text: "99999999999999.000000", err: redisinfo.ErrMalformed},
	}
	for _, tt := range tests {
		if got, err := parse(t, "cpu:"+tt.text+"\r\n").Microseconds("cpu"); !errors.Is(err, tt.err) || got != tt.want {
			t.Errorf("Microseconds of %q = %d, %v; want %d, %v", tt.text, got, err, tt.want, tt.err)
		}
	}
	if _, err := parse(t, "x:1\r\n").Microseconds("cpu"); !errors.Is(err, redisinfo.ErrAbsent) {
		t.Errorf("Microseconds = %v, want ErrAbsent", err)
	}
}
