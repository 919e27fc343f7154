package catalog

// A Quantity of the metrics API has thousandths at the finest, and a command
// takes microseconds: in seconds, the base unit, most latencies would read 0.001.
func commandRows() []Metric {
	labels := []string{LabelCommand}
	return []Metric{
		{
			Name: RequestsPerSecond, Unit: "requests/s", Kind: Rate, Fold: Sum, Labels: labels,
			ofData: true, never: isListedRequest,
			Help:   "Commands that clients asked for, less those that watch or run the server or a connection (INFO, PING, AUTH, CONFIG and the like), so that an idle server reads 0. A listed command that was never called reads 0; one of a module, or newer than the table, counts as a request. Of a read-only replica, what its primary sends is left out: writes, MULTI, EXEC, PUBLISH and PFCOUNT.",
			window: requests,
		},
		{
			Name: "commands-per-second", Unit: "commands/s", Kind: Rate, Fold: Sum,
			ofData: true,
			Help:   "All commands processed, those of monitoring, of replication and of this adapter among them.",
			window: counterRate("total_commands_processed"),
		},
		{
			Name: "command-calls-per-second", Unit: "calls/s", Kind: Rate, Fold: Sum, Labels: labels,
			ofData: true, never: isListed,
			Help:   "Calls of each command as Redis counts them, those of monitoring, of replication, in scripts and of this adapter among them.",
			window: commandRate("calls"),
		},
		{
			Name: "failed-calls-per-second", Unit: "calls/s", Kind: Rate, Fold: Sum, Labels: labels, Versions: "6.2+",
			ofData: true, never: isListed,
			Help:   "Calls that failed while they were executed, such as INCR of a list.",
			window: commandRate("failed_calls"),
		},
		{
			Name: "rejected-calls-per-second", Unit: "calls/s", Kind: Rate, Fold: Sum, Labels: labels, Versions: "6.2+",
			ofData: true, never: isListed,
			Help:   "Calls that were refused before they were executed, for wrong arguments, memory, rights or state. An unknown command counts in errors-per-second only.",
			window: commandRate("rejected_calls"),
		},
		{
			Name: "errors-per-second", Unit: "errors/s", Kind: Rate, Fold: Sum, Labels: []string{LabelError}, Versions: "6.2+",
			never:  isErrorLabel,
			Help:   "Error replies by their code, such as WRONGTYPE, OOM or ERR; `other` stands for what is no code of capital letters.",
			window: errorRates,
		},
		{
			Name: "command-latency-mean-microseconds", Unit: "µs", Kind: Ratio, Fold: Weighted, Labels: labels,
			ofData: true,
			Help:   "Time that the server took for a call, on the mean of the window, of the commands that requests-per-second counts; waiting and the network are left out. Unknown while none is called. A command that this adapter alone called, for spec.metrics, is left out; one that clients called as well has no mean, since the server adds up the times.",
			window: latencyMean,
		},
		{
			Name: "command-latency-percentile-microseconds", Unit: "µs", Kind: Gauge, Fold: Max, Labels: []string{LabelCommand, LabelPercentile}, Versions: "7.0+",
			Help:  "Time within which that share of the calls was done (`percentile` is 50, 99 or 99.9 unless Redis is set to others), of the commands that requests-per-second counts. Redis takes it over all calls since its statistics were last reset or it was started, not over a window: it answers a change of load slowly. The largest one, unless a selector picks one.",
			gauge: latencyPercentiles,
		},
	}
}
