package catalog

func serverRows() []Metric {
	return []Metric{
		{
			Name: "cpu-cores", Unit: "cores", Kind: Ratio, Aggregation: Sum, Labels: []string{LabelMode},
			Help:   "CPU time per second of all threads of the server, without child processes: 1 is one full core. `mode` is user or system.",
			window: computed(cpuCores, "used_cpu_user", "used_cpu_sys"),
		},
		{
			Name: "uptime-seconds", Unit: "s", Kind: Gauge, Aggregation: Min,
			Help:  "Time since the server started.",
			gauge: level("uptime_in_seconds"),
		},
	}
}
