package redisinfo_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

func TestParseRefusesWhatIsNoInfo(t *testing.T) {
	for _, text := range []string{"", "\r\n", "PONG", "# Server\r\n", "# Server:x\r\n", ":value\r\n", "no colon\r\nanother\r\n"} {
		var p redisinfo.Parser
		if info, err := p.Parse([]byte(text)); !errors.Is(err, redisinfo.ErrNotInfo) {
			t.Errorf("Parse(%q) = %v, %v; want ErrNotInfo", text, info, err)
		}
	}
}

func TestParseRefusesMoreLinesThanInfoHas(t *testing.T) {
	for lines, want := range map[int]error{1 << 13: nil, 1<<13 + 1: redisinfo.ErrTooManyLines} {
		var p redisinfo.Parser
		var text strings.Builder
		for n := range lines {
			fmt.Fprintf(&text, "f%d:%d\r\n", n, n)
		}
		info, err := p.Parse([]byte(text.String()))
		if !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Errorf("Parse of %d lines: %v, want %v", lines, err, want)
		}
		if err != nil {
			continue
		}
		if last, err := info.Int(fmt.Sprintf("f%d", lines-1)); err != nil || last != int64(lines-1) {
			t.Errorf("the last of %d fields = %d, %v", lines, last, err)
		}
	}
}

func TestParseGoesOnAfterATextThatIsNoInfo(t *testing.T) {
	var p redisinfo.Parser
	mustParse(t, &p, "a:1\r\nb:2\r\n")
	if _, err := p.Parse([]byte("nothing")); err == nil {
		t.Fatal("want an error")
	}
	if got, err := mustParse(t, &p, "b:3\r\na:4\r\n").Int("a"); err != nil || got != 4 {
		t.Errorf("a = %d, %v; want 4", got, err)
	}
}

func TestLinesEndInAnyWay(t *testing.T) {
	for name, text := range map[string]string{
		"CRLF":            "a:1\r\nb:two\r\n",
		"LF":              "a:1\nb:two\n",
		"no end":          "a:1\r\nb:two",
		"empty lines":     "\r\n\r\na:1\r\n\r\nb:two\r\n\r\n",
		"lines of no use": "a:1\r\nrubbish\r\n:x\r\nb:two\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			info := parse(t, text)
			if n, err := info.Int("a"); err != nil || n != 1 {
				t.Errorf("a = %d, %v; want 1", n, err)
			}
			if s, err := info.Text("b"); err != nil || s != "two" {
				t.Errorf("b = %q, %v; want two", s, err)
			}
		})
	}
}

func mustParse[T string | []byte](t testing.TB, p *redisinfo.Parser, text T) *redisinfo.Info {
	t.Helper()
	info, err := p.Parse([]byte(text))
	if err != nil {
		t.Fatalf("Parse(%q): %v", text, err)
	}
	return info
}

// TestAnswersOfOneParserDoNotMix parses a sequence of answers whose keys
// change, and looks at all of them at the end.
func TestAnswersOfOneParserDoNotMix(t *testing.T) {
	texts := []string{
		"a:1\r\nb:2\r\nc:3\r\n",
		"a:4\r\nb:5\r\nc:6\r\n",                    // the same keys
		"a:7\r\nb:8\r\n",                           // one less at the end
		"a:9\r\nb:10\r\nc:11\r\nd:12\n",            // more at the end
		"a:13\r\nx:14\r\nb:15\r\nc:16\r\nd:17\r\n", // one in the middle
		"b:18\r\nc:19\r\nd:20\r\n",                 // one less at the start
		"d:21\r\nc:22\r\nb:23\r\n",                 // another order
		"# S\r\nd:24\r\n# T\r\nc:25\r\n",           // sections between
		"d:26\r\nc:27\r\n",
		"a:28\r\na:29\r\nb:30\r\n", // one that is there twice
		"a:31\r\nb:32\r\n",
	}
	var p redisinfo.Parser
	infos := make([]*redisinfo.Info, len(texts))
	for n, text := range texts {
		infos[n] = mustParse(t, &p, text)
	}
	for n, text := range texts {
		agree(t, infos[n], text)
	}
}

// agree fails unless each getter of an Info says what the lines of its text say.
func agree(t testing.TB, info *redisinfo.Info, text string) {
	t.Helper()
	fields := reference(text)
	for _, key := range []string{"a", "b", "c", "d", "x", "db0", "role", "cmdstat_info"} {
		if _, ok := fields[key]; ok {
			continue
		}
		if got, err := info.Text(key); !errors.Is(err, redisinfo.ErrAbsent) {
			t.Errorf("Text(%q) of %q = %q, %v; want ErrAbsent", key, text, got, err)
		}
	}
	for key, values := range fields {
		if isName(key) {
			agreeOnField(t, info, key, values)
		} else if got, err := info.Text(key); err == nil {
			t.Errorf("Text(%q) = %q; want an error, since the key is not a name", key, got)
		}
	}
	seen := 0
	for command, record := range info.Records("cmdstat_") {
		seen++
		calls, err := record.Int("calls")
		if record.Unnamed() {
			if err == nil || calls != 0 {
				t.Errorf("command %q, which has no name, has %d calls beside %v", command, calls, err)
			}
			continue
		}
		values := fields["cmdstat_"+command]
		switch {
		case len(values) == 0:
			t.Errorf("command %q is not in %q", command, text)
		case err == nil && (len(values) > 1 || !strings.Contains(values[0], "calls=")):
			t.Errorf("command %q has %d calls out of %q", command, calls, values)
		case err != nil && calls != 0:
			t.Errorf("command %q has %d calls beside %v", command, calls, err)
		}
	}
	want := 0
	for key, values := range fields {
		if strings.HasPrefix(key, "cmdstat_") {
			want += len(values)
		}
	}
	if seen != want {
		t.Errorf("%d commands of %q, want %d", seen, text, want)
	}
}

func agreeOnField(t testing.TB, info *redisinfo.Info, key string, values []string) {
	t.Helper()
	got, err := info.Text(key)
	if len(values) > 1 {
		if !errors.Is(err, redisinfo.ErrMalformed) {
			t.Errorf("Text(%q) = %q, %v; want ErrMalformed, it is there %d times", key, got, err, len(values))
		}
		return
	}
	if err != nil || got != values[0] {
		t.Errorf("Text(%q) = %q, %v; want %q", key, got, err, values[0])
	}
	wantInt, errInt := strconv.ParseInt(values[0], 10, 64)
	if n, err := info.Int(key); (err == nil) != (errInt == nil) || (err == nil && n != wantInt) {
		t.Errorf("Int(%q) = %d, %v; the line says %q", key, n, err, values[0])
	}
	wantFloat, errFloat := strconv.ParseFloat(values[0], 64)
	finite := errFloat == nil && !strings.ContainsAny(values[0], "_xX") && !math.IsNaN(wantFloat) && !math.IsInf(wantFloat, 0)
	if f, err := info.Float(key); (err == nil) != finite || (err == nil && f != wantFloat) {
		t.Errorf("Float(%q) = %v, %v; the line says %q", key, f, err, values[0])
	}
}

// isName reports whether a key is kept as the server wrote it.
func isName(key string) bool {
	for _, prefix := range []string{"cmdstat_", "errorstat_", "latency_percentiles_usec_"} {
		if name, ok := strings.CutPrefix(key, prefix); ok && name != "" {
			return redisinfo.IsName(name)
		}
	}
	return redisinfo.IsName(key)
}

// reference reads INFO in the plainest way there is.
func reference(text string) map[string][]string {
	fields := map[string][]string{}
	for _, line := range strings.Split(text, "\n") {
		line = strings.TrimRight(line, "\r\n")
		n := strings.Index(line, ":")
		if n < 1 || line[0] == '#' {
			continue
		}
		fields[line[:n]] = append(fields[line[:n]], line[n+1:])
	}
	return fields
}

func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		f.Fatalf("fixtures: %v, %v", files, err)
	}
	texts := []string{"a:1\r\nb:2\r\n", "a:1\nc:2\nb:3", "# Keyspace\r\ndb0:keys=1,expires=\r\n", ":", "a:1\r\na:2\r\n", "cmdstat_:calls=1\r\n"}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	for n, text := range texts {
		f.Add(text, texts[(n+1)%len(texts)])
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		var p redisinfo.Parser
		texts := []string{one, two, one, two + "\r\n" + one, two}
		infos := make([]*redisinfo.Info, len(texts))
		for n, text := range texts {
			info, err := p.Parse([]byte(text))
			if len(reference(text)) == 0 {
				if !errors.Is(err, redisinfo.ErrNotInfo) {
					t.Fatalf("Parse(%q) = %v; want ErrNotInfo", text, err)
				}
				continue
			}
			if err != nil {
				t.Fatalf("Parse(%q) = %v", text, err)
			}
			infos[n] = info
		}
		for n, info := range infos {
			if info != nil {
				agree(t, info, texts[n])
				for database := range 2 {
					if space, err := info.Keyspace(database); err != nil && space != (redisinfo.Keyspace{}) {
						t.Errorf("Keyspace(%d) = %+v beside %v", database, space, err)
					}
				}
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	text := []byte(fixture(b, "redis-7.0.15-all.txt"))
	b.Run("same keys", func(b *testing.B) {
		var p redisinfo.Parser
		mustParse(b, &p, text)
		b.ReportAllocs()
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			mustParse(b, &p, text)
		}
	})
	b.Run("other keys", func(b *testing.B) {
		texts := [][]byte{text, bytes.Replace(text, []byte("run_id:"), []byte("new_key:1\r\nrun_id:"), 1)}
		var p redisinfo.Parser
		b.ReportAllocs()
		b.SetBytes(int64(len(text)))
		for n := 0; b.Loop(); n++ {
			mustParse(b, &p, texts[n%2])
		}
	})
}

// TestAnswersWithTheSameKeysShareThem checks the cost of a sample: the values and
// the Info, no key, and not where values end while they are as long as before.
func TestAnswersWithTheSameKeysShareThem(t *testing.T) {
	var p redisinfo.Parser
	text := []byte(fixture(t, "redis-7.0.15-all.txt"))
	mustParse(t, &p, text)
	var kept []*redisinfo.Info
	if got := testing.AllocsPerRun(100, func() { kept = slices.Grow(kept, 0)[:0]; kept = append(kept, mustParse(t, &p, text)) }); got > 2 {
		t.Errorf("a parse costs %v allocations, want at most 2", got)
	}
}

// Answers with the same keys share where values end only while all of them do.
func TestAnswersWithValuesOfOtherLengthsStandApart(t *testing.T) {
	var p redisinfo.Parser
	texts := []string{"a:1\r\nb:22\r\nc:3\r\n", "a:11\r\nb:2\r\nc:3\r\n", "a:\r\nb:2222\r\nc:\r\n", "a:1\r\nb:22\r\nc:3\r\n"}
	var infos []*redisinfo.Info
	for _, text := range texts {
		infos = append(infos, mustParse(t, &p, text))
	}
	for n, text := range texts {
		agree(t, infos[n], text)
	}
}

func TestAnswersTellWhetherTheyShareKeys(t *testing.T) {
	var p redisinfo.Parser
	first, second := mustParse(t, &p, "a:1\r\nb:2\r\n"), mustParse(t, &p, "a:11\r\nb:22\r\n")
	third := mustParse(t, &p, "a:1\r\nb:2\r\nc:3\r\n")
	if !first.SharesKeys(second) || first.SharesKeys(third) || third.SharesKeys(second) {
		t.Error("want the first two to share keys, and the third to have its own")
	}
}
