package catalog

func serverRows() []Metric {
	return []Metric{
		{
			Name: "cpu-cores", Unit: "cores", Kind: Ratio, Aggregation: Sum, Labels: []string{LabelMode},
			Help:   "CPU time that all threads of the server used in one second, without its child processes: 1 is a core in full. `mode` is user or system.",
			window: computed(cpuCores, "used_cpu_user", "used_cpu_sys"),
		},
		{
			Name: "uptime-seconds", Unit: "s", Kind: Gauge, Aggregation: Min,
			Help:  "Time since the server was started.",
			gauge: level("uptime_in_seconds"),
		},
	}
}
