package catalog

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

// A Quantity of the metrics API has at most three decimals, and a command takes
// microseconds. In seconds, the base unit, most latencies would be 0.001.
func commandRows() []Metric {
	labels := []string{LabelCommand}
	return []Metric{
		{
			Name: RequestsPerSecond, Unit: "requests/s", Kind: Rate, Aggregation: Sum, Labels: labels,
			ofData: true, never: isListedRequest,
			Help:   "Commands by which clients read and write data. Commands that monitor or manage the server or a connection (INFO, PING, AUTH, CONFIG and others) are left out, so an idle server reads 0. A known command that was never called reads 0. A command of a module, or one newer than this adapter, counts as a request. On a read-only replica, the commands that only its primary can send are left out: writes, MULTI, EXEC, PUBLISH and PFCOUNT.",
			window: computed(requests, commandPrefix+"*", "slave_read_only"),
		},
		{
			Name: "commands-per-second", Unit: "commands/s", Kind: Rate, Aggregation: Sum,
			ofData: true,
			Help:   "All commands processed, including those by monitoring, replication and this adapter.",
			window: counterRate("total_commands_processed"),
		},
		{
			Name: "command-calls-per-second", Unit: "calls/s", Kind: Rate, Aggregation: Sum, Labels: labels,
			ofData: true, never: isListed,
			Help:   "Calls of each command as Redis counts them, including those by monitoring, replication, scripts and this adapter.",
			window: computed(commandRate("calls"), commandPrefix+"*"),
		},
		{
			Name: "failed-calls-per-second", Unit: "calls/s", Kind: Rate, Aggregation: Sum, Labels: labels, Versions: "6.2+",
			ofData: true, never: isListed,
			Help:   "Calls that failed during execution, such as INCR of a list.",
			window: computed(commandRate("failed_calls"), commandPrefix+"*"),
		},
		{
			Name: "rejected-calls-per-second", Unit: "calls/s", Kind: Rate, Aggregation: Sum, Labels: labels, Versions: "6.2+",
			ofData: true, never: isListed,
			Help:   "Calls that were refused before execution, because of arguments, memory, rights or state. An unknown command counts only in errors-per-second.",
			window: computed(commandRate("rejected_calls"), commandPrefix+"*"),
		},
		{
			Name: "errors-per-second", Unit: "errors/s", Kind: Rate, Aggregation: Sum, Labels: []string{LabelError}, Versions: "6.2+",
			never:  isErrorLabel,
			Help:   "Error replies by their code, such as WRONGTYPE, OOM or ERR. `other` is every code that is not in capital letters.",
			window: computed(errorRates, errorPrefix+"*", "total_error_replies"),
		},
		{
			Name: "command-latency-mean-microseconds", Unit: "µs", Kind: Ratio, Aggregation: Weighted, Labels: labels,
			ofData: true,
			Help:   "Mean execution time of a call in the window, for the commands that requests-per-second counts, without waiting and the network. Unknown while none is called. A command that only this adapter called, for spec.metrics, is left out. If clients called it as well, the mean is unknown, because the server adds up the times of all callers.",
			window: computed(latencyMean, commandPrefix+"*", "slave_read_only"),
		},
		{
			Name: "command-latency-percentile-microseconds", Unit: "µs", Kind: Gauge, Aggregation: Max, Labels: []string{LabelCommand, LabelPercentile}, Versions: "7.0+",
			Help:  "Execution time that the given percentage of the calls does not exceed (`percentile` is 50, 99 or 99.9 by default), for the commands that requests-per-second counts. Redis computes it over all calls since it started or its statistics were reset, not over a window, so it follows a change of load slowly. Without a selector, the largest one.",
			gauge: computed(latencyPercentiles, latencyPrefix+"*"),
		},
	}
}

const (
	commandPrefix = "cmdstat_"
	errorPrefix   = "errorstat_"
	latencyPrefix = "latency_percentiles_usec_"
)

// growth is how much one number of a record grew over the window.
type growth struct {
	name string
	by   int64
}

// usualCommands is how many different commands most servers execute.
const usualCommands = 12

// growths returns how much a number of each record grew over the window, for the names
// that keep accepts. The server leaves out what it has never counted. If the whole
// section is missing, nothing is known.
func (in windowInput) growths(section, prefix, number string, keep func(name string) bool) ([]growth, error) {
	for _, info := range []*redisinfo.Info{in.first, in.last} {
		if err := info.Section(section); err != nil {
			return nil, err
		}
	}
	found := make([]growth, 0, usualCommands)
	for name, record := range in.last.Records(prefix) {
		if !keep(name) {
			continue
		}
		last, err := record.Int(number)
		if err != nil {
			return nil, err
		}
		var first int64 // of one absent before, which had not been counted since the counters began
		if before, was := in.first.Record(record.Key()); was {
			if first, err = before.Int(number); err != nil {
				return nil, err
			}
		}
		if fell(first, last) {
			_, err := grown(number+" of "+name, first, last)
			return nil, err
		}
		found = append(found, growth{name: name, by: last - first})
	}
	if in.first.SharesKeys(in.last) {
		return found, nil
	}
	for name, record := range in.first.Records(prefix) {
		if _, still := in.last.Record(record.Key()); !still && keep(name) {
			return nil, fmt.Errorf("%s is not counted any more: %w", name, redisinfo.ErrAbsent)
		}
	}
	return found, nil
}

// commandGrowths is growths of section commandstats.
func (in windowInput) commandGrowths(number string, keep func(string) bool) ([]growth, error) {
	found, err := in.growths("Commandstats", commandPrefix, number, keep)
	for n := range found {
		found[n].name = strings.ToLower(found[n].name) // Dragonfly and modules write capitals
	}
	return found, err
}

func all(string) bool { return true }

// requests returns how many calls of each request clients made per second.
func requests(in windowInput) ([]Series, error) {
	calls, err := in.commandGrowths("calls", isRequest)
	if err != nil {
		return nil, err
	}
	via := channelOf(in.last)
	found := make([]Series, 0, len(calls))
	for _, call := range calls {
		byClients, err := in.byClients(call, via)
		s := Series{Value: float64(byClients) / in.seconds, err: err}
		if in.labelled {
			s.Labels = map[string]string{LabelCommand: commandLabel(call.name)}
		}
		found = append(found, s)
	}
	return found, nil
}

// commandRate returns the growth of one number of each command per second.
func commandRate(number string) func(windowInput) ([]Series, error) {
	return func(in windowInput) ([]Series, error) {
		grown, err := in.commandGrowths(number, all)
		for n := range grown {
			grown[n].name = commandLabel(grown[n].name)
		}
		return in.rates(grown, LabelCommand), err
	}
}

func (in windowInput) rates(grown []growth, label string) []Series {
	found := make([]Series, 0, len(grown))
	for _, g := range grown {
		s := Series{Value: float64(g.by) / in.seconds}
		if in.labelled {
			s.Labels = map[string]string{label: g.name}
		}
		found = append(found, s)
	}
	return found
}

// latencyMean returns the time per call of each request by clients. The server adds up
// the times of all callers, so the mean of a command that others called as well is
// unknown.
func latencyMean(in windowInput) ([]Series, error) {
	calls, errCalls := in.commandGrowths("calls", isRequest)
	times, errTimes := in.commandGrowths("usec", isRequest)
	if err := cmp.Or(errCalls, errTimes); err != nil {
		return nil, err
	}
	via := channelOf(in.last)
	found := make([]Series, 0, len(calls))
	for n, call := range calls {
		byClients, err := in.byClients(call, via)
		s := Series{Labels: map[string]string{LabelCommand: commandLabel(call.name)}, err: err}
		switch {
		case err != nil || byClients == 0:
		case byClients < call.by:
			s.err = fmt.Errorf("this adapter called %s as well, and the server does not separate its times from those of clients: leave it out by a selector, such as command notin (%[1]s)", s.Labels[LabelCommand])
		default:
			s.weight = float64(call.by)
			s.Value = float64(times[n].by) / s.weight
		}
		found = append(found, s)
	}
	return found, nil
}

// latencyPercentiles reads section latencystats. Redis leaves out a command
// that was not called, and all of them with latency-tracking off.
func latencyPercentiles(in gaugeInput) ([]Series, error) {
	if err := in.info.Section("Latencystats"); err != nil {
		return nil, err
	}
	var found []Series
	for name, record := range in.info.Records(latencyPrefix) {
		if !isRequest(name) {
			continue
		}
		for part := range record.Names() {
			percentile, ok := strings.CutPrefix(part, "p")
			if !ok {
				continue
			}
			if !redisinfo.IsName(percentile) {
				return nil, fmt.Errorf("a percentile in INFO field %s: %w", record.Key(), redisinfo.ErrName)
			}
			value, err := record.Float(part)
			found = append(found, Series{
				Labels: map[string]string{LabelCommand: commandLabel(strings.ToLower(name)), LabelPercentile: percentile},
				Value:  value,
				err:    err,
			})
		}
	}
	if len(found) == 0 {
		return nil, errors.New("no command has latency percentiles: none was called, or latency-tracking is off in Redis")
	}
	return found, nil
}

// errorsDisabled is what Redis 7.4 and later count instead of every code, once there
// are more codes than they keep.
const errorsDisabled = "ERRORSTATS_DISABLED"

// errorRates returns the growth of each error code's count per second.
func errorRates(in windowInput) ([]Series, error) {
	if _, disabled := in.last.Record(errorPrefix + errorsDisabled); disabled {
		return nil, errors.New("the server has stopped counting errors because there were too many codes: CONFIG RESETSTAT starts it again")
	}
	// Dragonfly has a section of that name with codes in another form, so none would be found.
	// It lacks the total, which Redis has had as long as the codes.
	if _, err := in.growth("total_error_replies"); err != nil {
		return nil, err
	}
	codes, err := in.growths("Errorstats", errorPrefix, "count", isErrorCode)
	if err != nil {
		return nil, err
	}
	// A script may begin its error with any text, such as an address, which neither a
	// label nor an error of the adapter may contain.
	others, err := in.growths("Errorstats", errorPrefix, "count", func(name string) bool { return !isErrorCode(name) })
	if err != nil {
		return nil, errors.New("the count of an error whose code is not of capital letters cannot be read or fell")
	}
	for n := range others {
		others[n].name = otherErrors
	}
	return in.rates(append(codes, others...), LabelError), nil
}

// otherErrors is the value of LabelError for errors without a code.
const otherErrors = "other"

// isErrorCode reports whether a name is an error code by Redis' convention.
func isErrorCode(name string) bool {
	return strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == ""
}

// isErrorLabel reports whether a series may have a value of LabelError.
func isErrorLabel(value string) bool {
	return value == otherErrors || value != "" && isErrorCode(value)
}
