package status

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// FuzzMessage shows that no message of a condition or an Event is long, whatever
// is in it.
func FuzzMessage(f *testing.F) {
	f.Add("text")
	f.Add(strings.Repeat("é", maxMessage))
	f.Add(strings.Repeat("a", maxMessage) + "\x00\x1b[2J")
	f.Add(strings.Repeat("\xff", maxMessage+1))
	f.Fuzz(func(t *testing.T, text string) {
		got := message(text)
		if len(got) > maxMessage || !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%q became %q", text, got)
		}
		if message(got) != got {
			t.Errorf("%q becomes %q again", got, message(got))
		}
		all := sentences([]string{text, text, "short", text})
		if len(all) > maxMessage {
			t.Errorf("sentences are %d bytes: %q", len(all), all)
		}
	})
}

// TestConditionsAndEventsAreBounded makes all texts of a status as long as they can be.
func TestConditionsAndEventsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, redis := newFixture(t), newServer()
		long := strings.Repeat("long ", 1<<18)
		r := w.add("r", "1")
		for i := range 50 {
			r.Declared = append(r.Declared, target.Declared{Name: "m", Index: i, Place: i, Probe: probe.List("a")})
		}
		r.Problems = []target.Problem{{Name: "wrong", Sentence: long}}
		defer w.lead()()
		results := make([]probe.Result, 50)
		for i := range results {
			results[i].Err = errors.New(long)
		}
		w.probed(r, redis, results...)
		pass(time.Minute)
		w.fail(r, reason.Explained(reason.Timeout, long, ""))
		pass(5 * time.Minute)
		conditions := w.status(r).Conditions
		if len(conditions) != 3 {
			t.Errorf("conditions are %+v", conditions)
		}
		for _, c := range conditions {
			if len(c.Message) > maxMessage || c.Type != v1alpha1.ConditionMetricsValid && !strings.HasSuffix(c.Message, ellipsis) {
				t.Errorf("%s has a message of %d bytes", c.Type, len(c.Message))
			}
		}
		if events := w.takenEvents(); events == "" || len(events) > 5*maxMessage {
			t.Errorf("Events have %d bytes", len(events))
		}
	})
}
