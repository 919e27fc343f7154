package provider

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

func TestLastValueIsServedForItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutage(t, falling(lastValueFor(time.Minute)))
		o.refuses("before a sample", "requests-per-second", "", "NoSample", "no sample yet")
		o.warm()
		sampled := time.Now()
		o.serves("known", "requests-per-second", "", "100", sampled)
		pass(15*time.Second + 1)
		o.fails()
		o.serves("stale", "requests-per-second", "", "100", sampled)
		if o.counts["LastValue"] != 1 || o.counts["InFallback"] != 1 {
			t.Errorf("counted %v", o.counts)
		}
		got, _ := o.ask("requests-per-second", "")
		if *got.WindowSeconds != 5 {
			t.Errorf("the window is %d s, want that of the value, 5 s", *got.WindowSeconds)
		}
		pass(time.Until(sampled.Add(time.Minute)))
		o.serves("at its end", "requests-per-second", "", "100", sampled)
		pass(1)
		o.refuses("past its end", "requests-per-second", "", "Stale", "the last attempt failed: the connection was refused; its fallback LastValue has ended: the last value is older than spec.fallback.for, 1m0s")
		o.fails()
		if o.counts["InFallback"] != 0 {
			t.Errorf("counted %v", o.counts)
		}
		o.runID = "b" // the history of the process before is forgotten
		o.warm()
		o.serves("known again", "requests-per-second", "", "100", time.Now())
		o.runID = "c"
		known := time.Now()
		pass(5 * time.Second)
		o.answers(3)
		o.serves("one sample of a new process", "requests-per-second", "", "100", known)
	})
}

func TestLastValueOfWhatNobodyAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		object := newTarget("shop", "cart", "")
		object.Fallbacks = map[string]*target.Fallback{"connected-clients": lastValueFor(time.Minute)}
		o := newOutage(t, object)
		o.warm()
		sampled := time.Now()
		pass(20 * time.Second)
		o.serves("named", "connected-clients", "", "7", sampled)
		o.refuses("named, by a selector that was never asked", "connected-clients", "role=primary", "Stale", "LastValue has no value: none has been known")
		o.refuses("not named", "requests-per-second", "", "Stale", "maxAge 15s")
		if _, err := o.ask("requests-per-second", ""); strings.Contains(err.Error(), "fallback") {
			t.Errorf("a metric without fallback says %v", err)
		}
	})
}

func TestLastValueOfWhatIsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutage(t, falling(lastValueFor(time.Hour)))
		o.warm()
		pass(time.Second)
		if _, err := o.ask("requests-per-second", "command=get"); err != nil {
			t.Fatal(err)
		}
		pass(4 * time.Second)
		o.answers(250)
		sampled := time.Now()
		pass(20 * time.Second)
		o.fails()
		o.serves("a selector", "requests-per-second", "command=get", "75", sampled)
		pass(50 * time.Minute)
		o.serves("asked again", "requests-per-second", "command=get", "75", sampled)
	})
}

func TestAnAnswerIsRememberedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutage(t, falling(lastValueFor(time.Minute)))
		o.warm()
		sampled := time.Now()
		o.serves("asked once", "requests-per-second", "command=get", "100", sampled)
		pass(20 * time.Second)
		o.serves("no attempt ended since", "requests-per-second", "command=get", "100", sampled)
	})
}

func TestAnOlderAnswerReplacesNoNewerOne(t *testing.T) {
	q, now := valueKey{metric: "keys"}, time.Now()
	p := &objectValues{kept: map[valueKey]*lastValue{q: {always: true}}}
	for _, ago := range []time.Duration{time.Minute, time.Second, time.Hour} {
		p.remember(q, answer{at: now.Add(-ago)})
	}
	if last := p.ask(q, nil, now); !last.at.Equal(now.Add(-time.Second)) {
		t.Errorf("the last answer is of %s before", now.Sub(last.at))
	}
}

func TestSelectorsThatAreKeptAreBounded(t *testing.T) {
	for length, want := range map[int]int{maxSelector: 1, maxSelector + 1: 0} {
		p := &objectValues{kept: map[valueKey]*lastValue{}}
		p.ask(valueKey{metric: "keys", selector: strings.Repeat("x", length)}, nil, time.Now())
		if got := len(p.kept); got != want {
			t.Errorf("of a selector of %d bytes %d are kept, want %d", length, got, want)
		}
	}
}

func TestQuestionsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutage(t, falling(lastValueFor(24*time.Hour)))
		o.warm()
		past := o.memory.of(o.object.ID())
		long := "role in (x"
		for n := range maxSelector / 2 {
			long += "," + strconv.Itoa(n)
		}
		_, _ = o.ask("keys", long+")")
		if n := len(past.kept); n != 1 {
			t.Errorf("%d questions are kept, one of them longer than %d", n, maxSelector)
		}
		for n := range 2 * maxAsked {
			_, _ = o.ask("requests-per-second", "command=c"+strconv.Itoa(n))
		}
		if n := len(past.kept); n != maxAsked+1 {
			t.Errorf("%d questions are kept, want %d and requests-per-second", n, maxAsked)
		}
		pass(askedWithin)
		o.fails()
		if n := len(past.kept); n != maxAsked+1 {
			t.Errorf("%d questions are kept for an hour, want all", n)
		}
		pass(time.Second)
		o.fails()
		if n := len(past.kept); n != 1 {
			t.Errorf("%d questions are kept after an hour, want requests-per-second", n)
		}
		o.serves("what is always kept", "requests-per-second", "", "100", time.Now().Add(-askedWithin-time.Second))
		o.Remove(o.object)
		o.refuses("a target that is gone", "requests-per-second", "", "Stale", "")
		o.Sampled(o.object)
		if o.memory.of(o.object.ID()) != nil || o.counts["InFallback"] != 0 {
			t.Error("a removed target is remembered")
		}
	})
}

func TestValueIsServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutage(t, falling(stated("800")))
		o.refuses("the adapter has just begun", "requests-per-second", "", "NoSample", "no sample yet")
		o.fails()
		o.serves("Redis is down from the start", "requests-per-second", "", "800", time.Now())
		o.serves("any selector", "requests-per-second", "command=get", "800", time.Now())
		o.serves("any metric", "used-memory-bytes", "", "800", time.Now())
		if got, _ := o.ask("keys", ""); got.WindowSeconds != nil {
			t.Errorf("it covers %d s", *got.WindowSeconds)
		}
		o.refuses("a metric that is none", "request", "", CauseNoMetric, `metric "request" is unknown`)
		if o.counts["Value"] != 4 || o.counts[""] != 4 {
			t.Errorf("counted %v", o.counts)
		}
		pass(5 * time.Second)
		o.answers(10)
		o.refuses("it begins to answer", "requests-per-second", "", "OneSample", "a rate needs two samples")
		o.serves("a field that is not reported", "used-memory-bytes", "", "800", time.Now())
		pass(5 * time.Second)
		o.answers(500)
		o.serves("known", "requests-per-second", "", "100", time.Now())
		o.serves("no series", "requests-per-second", "command=sett", "800", time.Now())
		pass(5 * time.Second)
		o.runID = "b"
		o.answers(10)
		o.serves("one sample after a restart of Redis", "requests-per-second", "", "800", time.Now())
		if uses, _ := o.Fallbacks(o.object, time.Now()); len(uses) != 2 || uses[0].Metric != "requests-per-second" || uses[1].Metric != "requests-per-second{command=get}" {
			t.Errorf("in use are %+v, want those that were known", uses)
		}
	})
}

func TestWarmUpEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		object := falling(stated("0"))
		object.Timeout = time.Second
		o := newOutage(t, object)
		pass(20 * time.Second)
		o.refuses("within it", "requests-per-second", "", "NoSample", "")
		_, next := o.Fallbacks(o.object, time.Now())
		if got := time.Until(next); got != time.Second {
			t.Errorf("it ends in %s, want 1 s", got)
		}
		pass(time.Second)
		o.serves("past it", "requests-per-second", "", "0", time.Now())
	})
}

// TestWarmUpOfKeys has no fallback answer while a first scan is under way, or a replica may still be catching up.
func TestWarmUpOfKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		object := falling(stated("0"))
		object.Declared = []target.Declared{
			{Name: "scanned", Probe: probe.KeysCount("*", "", 9)},
			{Name: "followed", Index: 1, Place: 1, Probe: probe.List("jobs")},
			{Name: "sum", Index: 2, Expression: compiled(t, `metric("scanned") + metric("followed")`)},
		}
		o := newOutage(t, object)
		waiting := []probe.Result{{Err: probe.ErrNoScan}, {Err: redisinfo.ErrCatchingUp}}
		o.answers(1, waiting...)
		for _, name := range []string{"scanned", "followed", "sum"} {
			o.refuses("within the warm-up", name, "", CauseNoValue, "")
		}
		pass(time.Until(warmUpEnd(object, time.Now())))
		o.answers(1, waiting...)
		for _, name := range []string{"scanned", "followed", "sum"} {
			o.serves("past it", name, "", "0", time.Now())
		}
	})
}

func TestFallbackOfDeclaredMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		object := falling(lastValueFor(time.Minute))
		object.Declared = []target.Declared{
			{Name: "waiting", Probe: probe.List("jobs")},
			{Name: "inner", Index: 1, Place: 1, Probe: probe.List("text")},
			{Name: "sum", Index: 2, Expression: compiled(t, `metric("waiting") + metric("inner")`)},
		}
		object.Problems = []target.Problem{{Name: "keys", Sentence: "spec.metrics[3].name: every Redis object has a metric keys"}}
		object.Fallbacks = map[string]*target.Fallback{"inner": stated("1000"), "gone": stated("5"), "waiting": nil}
		o := newOutage(t, object)
		o.warm(probe.Result{Value: 3}, probe.Result{Value: 4})
		known := time.Now()
		pass(5 * time.Second)
		o.answers(1, probe.Result{Value: 5}, probe.Result{Err: errors.New("the key is gone")})
		o.serves("it fails alone", "inner", "", "1k", time.Now())
		o.serves("the others go on", "waiting", "", "5", time.Now())
		o.serves("what is computed of it falls back as a whole", "sum", "", "7", known)
		o.refuses("declared wrongly", "keys", "", CauseNoValue, "spec.metrics[3].name: every Redis object has a metric keys")
		o.refuses("not declared", "gone", "", CauseNoMetric, `metric "gone" is unknown`)
		uses, next := o.Fallbacks(object, time.Now())
		if len(uses) != 2 || uses[0].Metric != "inner" || uses[1].Metric != "sum" || !uses[1].LastKnown.Equal(known) || !next.Equal(known.Add(time.Minute+time.Millisecond)) {
			t.Errorf("in use are %+v until %s", uses, next)
		}
	})
}

// A formula that waits to be compiled is not an outage, and falls back once it was known.
func TestFallbackOfFormulaThatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		object := falling(stated("1000"))
		object.Fallbacks = map[string]*target.Fallback{"half": lastValueFor(time.Minute)}
		text := `metric("connected-clients") / 2.0`
		object.Declared = []target.Declared{{Name: "half", Formula: text}}
		o := newOutage(t, object)
		o.warm()
		o.refuses("not compiled", "half", "", CauseNoValue, "its expression is not compiled yet")
		if uses, _ := o.Fallbacks(object, time.Now()); len(uses) != 0 {
			t.Errorf("in use are %+v", uses)
		}
		object.Declared = []target.Declared{{Name: "half", Formula: text, Expression: compiled(t, text)}}
		o.Set(object)
		o.answers(1)
		known := time.Now()
		pass(20 * time.Second)
		o.fails()
		if uses, _ := o.Fallbacks(object, time.Now()); len(uses) != 2 || uses[0].Metric != "half" || !uses[0].LastKnown.Equal(known) {
			t.Errorf("in use are %+v, want half as of %s, and requests-per-second", uses, known)
		}
	})
}

func TestListsFallBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		object := falling(stated("800"))
		o := newOutage(t, object)
		o.fails()
		list, err := o.GetMetricBySelector(context.Background(), "shop", labels.Everything(), metric("requests-per-second"), labels.Everything())
		if err != nil || len(list.Items) != 1 || list.Items[0].Value.String() != "800" {
			t.Errorf("listed %+v, %v", list, err)
		}
	})
}

func TestUnknownTellsOfTheMetricItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutage(t, falling(stated("800")))
		o.fails()
		var missing *history.UnknownError
		if err := o.Unknown(o.object, "requests-per-second", time.Now()); !errors.As(err, &missing) {
			t.Errorf("it is unknown for %v", err)
		}
		if err := o.Unknown(o.object, "nothing", time.Now()); causeOf(err) != CauseNoMetric {
			t.Errorf("no such metric gives %v", err)
		}
		o.answers(1)
		if err := o.Unknown(o.object, "connected-clients", time.Now()); err != nil {
			t.Errorf("a known one gives %v", err)
		}
	})
}

// A question waits for no one who evaluates, and none is lost between.
func TestQuestionsWhileSampling(t *testing.T) {
	o := newOutage(t, falling(lastValueFor(time.Minute)))
	o.observer = unobserved{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := range 200 {
			_, _ = o.ask("connected-clients", "role!=r"+strconv.Itoa(n%7))
			o.Fallbacks(o.object, time.Now())
		}
	}()
	for range 200 {
		o.answers(1)
	}
	<-done
	if got, err := o.ask("connected-clients", ""); err != nil || got.Value.Value() != 7 {
		t.Errorf("%+v, %v", got, err)
	}
}
