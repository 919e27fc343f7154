package catalog_test

import "github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"

// failing is a line of commandstats as Redis 6.2 and later write it.
func failing(command, calls, usec, rejected, failed string) string {
	return "cmdstat_" + command + ":calls=" + calls + ",usec=" + usec + ",usec_per_call=1.00,rejected_calls=" + rejected + ",failed_calls=" + failed
}

// errorStats are lines of section errorstats beside the total that goes with it.
func errorStats(more ...string) lines {
	return append(lines{"total_error_replies:9", "# Errorstats"}, more...)
}

func commandRows() map[string][]row {
	return map[string][]row{
		"requests-per-second": requestRows(),
		"command-calls-per-second": {
			{name: "all of them", first: stats("cmdstat_get:calls=1"), last: lines{"# Commandstats", "cmdstat_get:calls=21", "cmdstat_info:calls=19"}, want: 3},
			{name: "fallen", first: stats("cmdstat_ping:calls=2"), last: stats("cmdstat_ping:calls=1"), err: "calls of ping went from 2 to 1"},
			{name: "gone", first: stats("cmdstat_ping:calls=2"), last: stats(), err: "ping is not counted any more", is: redisinfo.ErrAbsent},
			{name: "section not reported", first: lines{"x:1"}, last: lines{"x:1"}, err: "Commandstats: not reported", is: redisinfo.ErrAbsent},
		},
		"failed-calls-per-second": {
			{name: "some", first: lines{"# Commandstats", failing("incr", "5", "9", "0", "1")}, last: lines{"# Commandstats", failing("incr", "90", "99", "7", "21"), failing("get", "9", "9", "0", "10")}, want: 3},
			{name: "before 6.2", first: stats(), last: stats(), err: "cmdstat_info: failed_calls: not reported", is: redisinfo.ErrAbsent},
		},
		"rejected-calls-per-second": {
			{name: "some", first: lines{"# Commandstats", failing("incr", "5", "9", "0", "1")}, last: lines{"# Commandstats", failing("incr", "90", "99", "7", "21"), failing("get", "9", "9", "3", "10")}, want: 1},
			{name: "before 6.2", first: stats(), last: stats(), err: "cmdstat_info: rejected_calls: not reported", is: redisinfo.ErrAbsent},
		},
		"errors-per-second": {
			{name: "codes", first: errorStats("errorstat_ERR:count=3"), last: errorStats("errorstat_ERR:count=13", "errorstat_OOM:count=20"), want: 3},
			{name: "none", first: errorStats(), last: errorStats(), want: 0},
			{name: "fallen", first: errorStats("errorstat_ERR:count=3"), last: errorStats("errorstat_ERR:count=2"), err: "count of ERR went from 3 to 2"},
			{name: "in another way, as Dragonfly writes it", first: lines{"# Errorstats", "WRONGTYPE:3"}, last: lines{"# Errorstats", "WRONGTYPE:9"}, err: "total_error_replies: not reported", is: redisinfo.ErrAbsent},
			{name: "section not reported", first: lines{"total_error_replies:1"}, last: lines{"total_error_replies:1"}, err: "Errorstats: not reported", is: redisinfo.ErrAbsent},
			{name: "given up", first: errorStats("errorstat_ERRORSTATS_DISABLED:count=1"), last: errorStats("errorstat_ERRORSTATS_DISABLED:count=1"), err: "stopped counting errors"},
			{name: "split by a colon", first: errorStats(), last: errorStats("errorstat_10.0.0.1:6379:count=2"), err: "whose code is not of capital letters"},
		},
		"command-latency-mean-microseconds": {
			{name: "of all calls", first: stats("cmdstat_get:calls=10,usec=100"), last: stats("cmdstat_get:calls=20,usec=140", "cmdstat_set:calls=30,usec=360"), want: 10},
			{name: "no call", first: stats("cmdstat_get:calls=10,usec=100"), last: stats("cmdstat_get:calls=10,usec=100"), err: "there is no mean"},
			{name: "no command", first: stats(), last: stats(), err: "there is no mean"},
			{name: "only this adapter's", first: stats("cmdstat_ping:calls=1,usec=1"), last: stats("cmdstat_ping:calls=9,usec=9"), err: "there is no mean"},
			{name: "time fallen", first: stats("cmdstat_get:calls=10,usec=100"), last: stats("cmdstat_get:calls=20,usec=99"), err: "usec of get went from 100 to 99"},
			{name: "time absent", first: stats("cmdstat_get:calls=10"), last: stats("cmdstat_get:calls=20"), err: "usec: not reported", is: redisinfo.ErrAbsent},
		},
		"command-latency-percentile-microseconds": {
			{name: "the largest", last: lines{"# Latencystats", "latency_percentiles_usec_get:p50=1.003,p99=7.007,p99.9=8.031", "latency_percentiles_usec_set:p50=2.007,p99=9.023", "latency_percentiles_usec_info:p50=1001.471"}, want: 9.023},
			{name: "none", last: lines{"x:1", "# Latencystats"}, err: "latency-tracking is off"},
			{name: "only this adapter's", last: lines{"# Latencystats", "latency_percentiles_usec_info:p50=1001.471"}, err: "none was called"},
			{name: "malformed", last: lines{"# Latencystats", "latency_percentiles_usec_get:p50=nan,p99=1"}, err: "p50=\"nan\"", is: redisinfo.ErrMalformed},
			{name: "before 7.0", last: lines{"x:1"}, err: "Latencystats: not reported", is: redisinfo.ErrAbsent},
		},
	}
}
